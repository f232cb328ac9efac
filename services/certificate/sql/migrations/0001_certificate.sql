-- What certificate knows of other services, each row folded from one stream of theirs.
create table persons (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    name text,                                     -- sealed, as are all personal values here
    id_kind text,
    id_number text
);

create table applications (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    titles jsonb,                                  -- the titles that it rests on, each with the first version read
    paid boolean
);

create table rulesets (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    document text
);

create table bans (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    person text,
    from_day date,
    until date
);
create index bans_by_person on bans (person);

create table committees (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    name text
);

create table results (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    application text,
    confirmed jsonb                                -- the data of ResultConfirmed
);
create index results_by_application on results (application);

-- Which title rested on which; committed together with the grant.
create table reliance (
    relied text collate "C" not null,
    title text collate "C" not null,
    primary key (relied, title)
);
insert into side_tables values ('reliance');

-- Number, code and document of a certificate are fixed before its event is: whatever is killed on the way, the
-- next attempt finds them again. Numbers may have gaps.
create table serials (
    template text not null,
    year integer not null,
    last integer not null,
    primary key (template, year)
);
create table issues (
    title uuid primary key,
    template text not null,
    serial integer not null,
    token bytea not null,
    issued_on date not null,
    document jsonb
);

-- What a verification is answered from, by a role that sees nothing else.
create table verification (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    code text collate "C",
    number text collate "C",
    name text,                                     -- sealed
    id_number text,                                -- sealed
    title_name text,
    series text,
    specialty text,
    level text,
    scope text,
    obtained_on date,
    issued_on date,
    issuer text,
    revoked_on date,
    decision_no text
);
create index verification_by_code on verification (code);
create index verification_by_number on verification (number);

-- Whether the table may be answered from: not while it is built anew, and not for what is parked.
create view verification_serving as
    select not exists (select from views where view = 'verification' and state <> 'serving') as serving;
create view verification_parked as
    select stream from letters where view = 'verification' and kind = 'parked';
grant usage on schema public to {{reader}};
grant select on verification, verification_serving, verification_parked to {{reader}};
