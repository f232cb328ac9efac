-- The box of sealed ballots. Random ids, no time, no voter, no order: until it is emptied, only a join on a row's
-- xmin with its VoterMarked event tells which sealed box a voter cast, and it stays sealed; after the key's
-- destruction and the deletion of the rows there is nothing to join (rules §14.1).
create table ballot_box (
    ballot uuid not null,
    id uuid primary key,
    sealed bytea not null
);
create index ballot_box_by_ballot on ballot_box (ballot);
insert into side_tables (name) values ('ballot_box');
create index events_of_ended_ballots on events (stream) where type in ('BallotClosed', 'VoteVoided', 'BallotKeyDestroyed');

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
    ruleset text,
    endorsements jsonb,
    accepted boolean,
    paid boolean,
    held boolean,
    ended boolean
);

-- Review's own streams by what decisions look them up by.
create table experts (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    committees jsonb,
    titles jsonb
);

create table endorsements (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    application text,
    endorser text,
    endorser_unit text,
    state text,                                    -- invited, given, refused, withdrawn
    titles jsonb                                   -- the titles that it rests on
);
create index endorsements_by_application on endorsements (application);
create index endorsements_by_endorser on endorsements (endorser);

create table candidates (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    applications jsonb
);
