-- The box of sealed ballots. Random ids, no time, no voter, no order. A box is committed with its voter's mark, so
-- until it is emptied a join on xmin, and for ever the write-ahead log, tells who cast which sealed box; deleted
-- rows stay in their pages until vacuum. None of it opens anything: the key is destroyed before the rows are
-- deleted, and was never in this database (rules §14.1).
create table ballot_box (
    ballot uuid not null,
    id uuid primary key,
    sealed bytea not null
);
create index ballot_box_by_ballot on ballot_box (ballot);
insert into side_tables (name) values ('ballot_box');

-- The keys of agencies, under which minutes are stored: they are kept when a person is erased.
create table unit_keys (
    unit uuid primary key,
    key bytea not null
);

-- What review knows of others, each row folded from one stream.
create table rulesets (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    document text,
    series text,
    effective_from date,
    until date
);

create table titles (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    person text,
    series text,
    specialty text,
    level text,
    scope text,
    obtained_on date,
    live boolean,
    confirmed boolean
);
create index titles_by_person on titles (person);

create table bans (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    person text,
    from_day date,
    until date
);
create index bans_by_person on bans (person);

create table records (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    subject text,
    expires_on date,
    standing boolean
);
create index records_by_subject on records (subject);

create table persons (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    birth_date text,                               -- sealed
    employers jsonb                                -- where the person works now
);

create table applications (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    applicant text,
    employer text,
    agency text,
    campaign text,
    series text,
    specialty text,
    level text,
    route text,
    district text,
    ruleset text,
    endorsements jsonb,
    accepted boolean,
    paid boolean,
    held boolean,
    ended boolean
);

-- Review's own streams by what they are looked up by.
create table experts (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    committees jsonb,
    admitted boolean
);
create index experts_by_committee on experts using gin (committees);

create table endorsements (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    endorser text,
    title text                                     -- the title that it rests on, while it stands
);
create index endorsements_that_stand on endorsements (endorser) where title is not null;

create table ballots (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    unfinished boolean                             -- ended, and its key not destroyed yet
);
create index ballots_unfinished on ballots (stream) where unfinished;
