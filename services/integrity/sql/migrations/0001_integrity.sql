-- What integrity knows of other services, each row folded from one stream of theirs.
create table rulesets (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    series text,
    effective_from date,
    until date,
    document text
);

create table titles (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    person text,
    revoked_by text                                -- the number of the decision
);

-- Evidence in a case on a person lies under the person's key, which intake keeps. An employer or an agency has no
-- such key: its evidence lies under one made here.
create table unit_keys (
    unit uuid primary key,
    key bytea not null
);
