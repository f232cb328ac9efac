-- A sealed box is in its ballot once, and so is its receipt, which is its SHA-256: two voters who send the same bytes
-- at the same instant would void the ballot. One that has such boxes already is void in any case: its marks and boxes
-- differ in number.
delete from ballot_box twin using ballot_box first
    where first.ballot = twin.ballot and first.sealed = twin.sealed and first.id < twin.id;
create unique index ballot_box_once on ballot_box (ballot, sealed);
drop index ballot_box_by_ballot;
