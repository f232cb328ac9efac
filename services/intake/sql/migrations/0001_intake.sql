-- The keys of persons, and who was erased: a restored backup replays the erasures before it serves.
create table person_keys (
    person uuid primary key,
    wrapped bytea not null,
    created_at timestamptz not null default now()
);
create table erasures (
    person uuid primary key,
    erased_at timestamptz not null default now()
);
create index erasures_decided on events (stream) where type = 'SubjectErased';

-- What intake knows of other services, each row folded from one stream of theirs.
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
    state text                                     -- live, revoked, unknown
);
create index titles_by_person on titles (person);

create table bans (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    person text,
    basis text,
    from_day date,
    until date
);
create index bans_by_person on bans (person);

create table endorsements (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    application text,
    endorser text,
    endorser_unit text,
    kind text,
    series text,
    specialty text,
    state text,                                    -- given, withdrawn, refused
    given_seen jsonb
);
create index endorsements_by_application on endorsements (application);

-- Intake's own applications, for reactions that concern all those of a person.
create table applications (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    person text,
    live boolean,
    titles jsonb                                   -- the titles it rests on
);
create index applications_by_person on applications (person) where live;

create table rulesets (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    series text,
    levels jsonb,
    effective_from date,
    until date,
    published boolean
);

create table records (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    subject text,
    standing boolean
);
create index records_by_subject on records (subject);

create table cases (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    subject text,
    open boolean
);
create index cases_by_subject on cases (subject);
