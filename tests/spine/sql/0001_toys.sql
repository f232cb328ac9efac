-- Tables of the tests' own: two read models, a box of side rows, and keys of persons.

create table counters (
    stream text primary key,
    version bigint not null,
    hash bytea not null,
    total bigint not null,
    label text not null check (label <> 'refused by the table'),
    labels jsonb not null
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

create table person_keys (
    person text primary key,
    key bytea not null
);
