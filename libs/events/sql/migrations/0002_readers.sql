-- What the readers of topics keep: offsets, held and parked records, reactions, deadlines.

create table views (
    view text primary key,
    state text not null default 'building' check (state in ('emptying', 'building', 'serving')),
    goals jsonb                                    -- end offsets to reach before a rebuilt view serves again
);

create table offsets (
    view text not null,
    topic text not null,
    partition integer not null,
    next bigint not null,                          -- the offset to read next
    last_stream text,                              -- the record before it, read back on assignment
    last_hash bytea,
    primary key (view, topic, partition)
);

-- Records that cannot be applied: held until their predecessor comes, or parked behind poison or a fork.
create table letters (
    view text not null,
    stream text collate "C" not null,
    version bigint not null,
    hash bytea not null,
    kind text not null check (kind in ('held', 'parked')),
    error text not null,
    record bytea not null,
    since timestamptz not null default clock_timestamp(),
    primary key (view, stream, version, hash)
);

-- The offset's compare-and-set, in partition order; false as soon as one does not stand where the batch begins.
-- Only a batch from the very beginning may insert: an UPDATE finds nothing where a rebuild has just deleted the row
-- that it waited for, an INSERT ... ON CONFLICT would put it back and skip everything before.
create function advance_offsets(
    of_view text, topics text[], partitions int[], firsts bigint[], nexts bigint[],
    streams text[], hashes bytea[]
) returns boolean language plpgsql as $$
declare
    moved int;
    o record;
begin
    -- A rebuild that begins waits for the batches under way, and those that come meanwhile wait for it.
    perform pg_advisory_xact_lock_shared(hashtextextended('rebuild ' || of_view, 0));
    if exists (select from views v where v.view = of_view and v.state = 'emptying') then
        return false;
    end if;
    for o in
        select * from unnest(topics, partitions, firsts, nexts, streams, hashes)
            as u (topic, part, first, next, st, hash)
        order by u.topic, u.part
    loop
        if o.first = 0 then
            insert into offsets as x (view, topic, partition, next, last_stream, last_hash)
                values (of_view, o.topic, o.part, o.next, o.st, o.hash)
                on conflict (view, topic, partition) do update
                    set next = excluded.next, last_stream = excluded.last_stream, last_hash = excluded.last_hash
                    where x.next = 0;
        else
            update offsets x set next = o.next, last_stream = o.st, last_hash = o.hash
                where x.view = of_view and x.topic = o.topic and x.partition = o.part and x.next = o.first;
        end if;
        get diagnostics moved = row_count;
        if moved = 0 then
            return false;
        end if;
    end loop;
    return true;
end
$$;

-- A reaction's chain guard, and the commands it owes with their outcome.
create table reaction_streams (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null
);

create table reactions (
    id uuid primary key,                           -- the command's id: UUIDv5 of event, reaction and target
    seq bigint generated always as identity,
    reaction text not null,
    target text not null,
    source text not null,                          -- the stream of the event that caused it
    event bytea not null,
    outcome text not null default 'waiting' check (outcome in ('waiting', 'done', 'refused')),
    reasons jsonb,
    attempts integer not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    since timestamptz not null default clock_timestamp()
);
create index reactions_owed on reactions (next_at, seq) where outcome = 'waiting';

-- Due instants by name, folded from this service's own events; fired once for each stream, name and due instant.
create table deadlines (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    due timestamptz,                               -- the earliest
    wanted jsonb not null
);
create index deadlines_by_due on deadlines (due) where due is not null;

create table deadlines_fired (
    id uuid primary key,
    stream text not null,
    name text not null,
    due timestamptz not null,
    outcome text not null,
    reasons jsonb,
    at timestamptz not null default clock_timestamp(),
    unique (stream, name, due)
);
