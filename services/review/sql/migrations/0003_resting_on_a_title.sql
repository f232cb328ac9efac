-- What rests on a title that was revoked is looked for from the titles that were, which are few.
create index titles_that_fell on titles (stream) where not live;
create index endorsements_by_title on endorsements (title) where title is not null;
