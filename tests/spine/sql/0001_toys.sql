-- Tables of the tests' own: two read models, a box of side rows, a tally of records, and keys of persons.

create table counters (
    stream text primary key,
    version bigint not null,
    hash bytea not null,
    total bigint not null,
    label text not null,
    labels jsonb not null check (not labels ? 'refused by the table')
);

create table notes (
    stream text primary key,
    version bigint not null,
    hash bytea not null,
    texts jsonb not null
);

create table boxes (
    id integer primary key,
    content bytea not null check (octet_length(content) > 0)
);
insert into side_tables values ('boxes');

create table tallies (
    partition integer not null,
    record_offset bigint not null,
    times integer not null,
    primary key (partition, record_offset)
);

create table person_keys (
    person text primary key,
    key bytea not null
);
