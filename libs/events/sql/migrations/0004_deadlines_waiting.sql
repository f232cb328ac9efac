-- Deadlines that were refused for the moment only, and when to try each again: what waits must not starve the rest.
create table deadlines_waiting (
    stream text not null,
    name text not null,
    due timestamptz not null,
    attempts integer not null default 1,
    next_at timestamptz not null,
    primary key (stream, name, due)
);
