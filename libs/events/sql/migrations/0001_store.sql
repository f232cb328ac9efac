-- The event store. Append-only: the service's login may neither update nor delete events.

create table store (
    singleton boolean primary key default true check (singleton),
    base bigint not null default 0,                -- added to a transaction's id to give its tick
    system_identifier bigint not null              -- the cluster this store was written in (trap 5)
);
insert into store (system_identifier) select system_identifier from pg_control_system();

create table streams (
    stream text collate "C" primary key,
    version bigint not null,
    expected bigint not null,                      -- what the last append expected; carries it into ON CONFLICT
    hash bytea not null,
    last_tick bigint not null
);

create table events (
    tick bigint not null,
    position integer not null,
    stream text collate "C" not null,
    version bigint not null,
    type text not null,
    command_id uuid not null,
    recorded_at timestamptz not null,
    record bytea not null,
    primary key (tick, position),
    unique (stream, version)
);

create table commands (
    id uuid primary key,
    fingerprint bytea not null,
    stream text collate "C" not null,
    versions int8range not null,
    response bytea,                                -- the reply's bytes, for seven days
    tick bigint not null,
    recorded_at timestamptz not null default now()
);
create index commands_by_age on commands (recorded_at) where response is not null;

create table claims (
    name text collate "C" not null,
    value text collate "C" not null,
    stream text collate "C" not null,
    tick bigint not null,
    primary key (name, value)
);

-- Tables into which a command may bring rows beside its events (the ballot's box).
create table side_tables (name text primary key);

create function store_tick() returns bigint language sql volatile as
    -- On to bigint, not only to text: text sorts as text (trap 1).
    $$ select pg_current_xact_id()::text::bigint + base from store $$;

-- Everything below the gate is settled: no transaction still open can add to it.
create function store_gate() returns bigint language sql stable as
    $$ select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + base from store $$;

-- Many commands in one transaction, each with its own outcome. Returned are only those not done:
--   seen     the command id is known; with its fingerprint, stream, versions and stored reply
--   claimed  a claim is another stream's; with the first such claim, as the command lists them
--   conflict the stream is not at the expected version
-- Order everywhere by the contended key, so that two processes cannot deadlock.
create function append_batch(
    c_id uuid[], c_fingerprint bytea[], c_stream text[], c_expected bigint[], c_version bigint[],
    c_hash bytea[], c_response bytea[],
    k_command int[], k_name text[], k_value text[],
    r_command int[], r_name text[], r_value text[],
    e_command int[], e_version bigint[], e_type text[], e_recorded timestamptz[], e_record bytea[],
    s_command int[], s_table text[], s_row jsonb[]
) returns table (
    command int, outcome text, fingerprint bytea, stream text, versions int8range, response bytea,
    claim_name text, claim_value text
)
language plpgsql security definer set search_path = public, pg_temp
-- A batch touches few rows of tables that may hold millions, whatever an old or missing statistic says.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
    this_tick constant bigint := store_tick();     -- the append is the first write of its transaction (trap 2)
    n constant int := cardinality(c_id);
    done int;
    seen int[] := '{}';
    claimed int[] := '{}';
    claimed_name text[];
    claimed_value text[];
    conflicted int[] := '{}';
    out_of int[];
    side record;
begin
    insert into commands (id, fingerprint, stream, versions, response, tick)
        select id, fp, st, int8range(expected, version, '(]'), reply, this_tick
        from unnest(c_id, c_fingerprint, c_stream, c_expected, c_version, c_response)
            as u (id, fp, st, expected, version, reply)
        order by id
        on conflict (id) do nothing;
    get diagnostics done = row_count;
    if done < n then
        select coalesce(array_agg(i::int), '{}') into seen
        from unnest(c_id) with ordinality as u (id, i) join commands c using (id) where c.tick <> this_tick;
    end if;
    out_of := seen;

    if cardinality(k_command) > 0 then
        insert into claims (name, value, stream, tick)
            select k.name, k.value, c_stream[k.command], this_tick
            from unnest(k_command, k_name, k_value) as k (command, name, value)
            where k.command <> all (out_of)
            order by 1, 2
            on conflict (name, value) do nothing;
        -- Refused is who does not hold the claim now, whoever held it a moment ago: another process may give it
        -- back between two statements of this one.
        select coalesce(array_agg(r.command), '{}'), array_agg(r.name), array_agg(r.value)
            into claimed, claimed_name, claimed_value
        from (
            select distinct on (k.command) k.command, k.name, k.value
            from unnest(k_command, k_name, k_value) with ordinality as k (command, name, value, place)
            where k.command <> all (out_of) and not exists (
                select from claims held
                where held.name = k.name and held.value = k.value and held.stream = c_stream[k.command])
            order by k.command, k.place
        ) as r;
        out_of := out_of || claimed;
    end if;

    -- A row that expects a version is left out unless its stream exists: a wrong version must not create one.
    insert into streams as s (stream, version, expected, hash, last_tick)
        select u.st, u.version, u.expected, u.hash, this_tick
        from unnest(c_stream, c_expected, c_version, c_hash) with ordinality
            as u (st, expected, version, hash, i)
        where u.i <> all (out_of)
            and (u.expected = 0 or exists (select from streams x where x.stream = u.st))
        order by u.st
        on conflict (stream) do update
            set version = excluded.version, expected = excluded.expected,
                hash = excluded.hash, last_tick = excluded.last_tick
            where s.version = excluded.expected and s.last_tick < excluded.last_tick;
    get diagnostics done = row_count;
    if done < n - cardinality(out_of) then
        select coalesce(array_agg(u.i::int), '{}') into conflicted
        from unnest(c_stream) with ordinality as u (st, i)
        left join streams s on s.stream = u.st
        where u.i <> all (out_of) and s.last_tick is distinct from this_tick;
        out_of := out_of || conflicted;
    end if;

    if cardinality(claimed) + cardinality(conflicted) > 0 then
        delete from commands where id in (select c_id[i] from unnest(claimed || conflicted) as i) and tick = this_tick;
        delete from claims held using unnest(k_command, k_name, k_value) as k (command, name, value)
            where held.name = k.name and held.value = k.value and held.tick = this_tick
                and held.stream = c_stream[k.command] and k.command = any (claimed || conflicted);
    end if;

    insert into events (tick, position, stream, version, type, command_id, recorded_at, record)
        select this_tick, e.i, c_stream[e.command], e.version, e.type, c_id[e.command], e.recorded, e.record
        from unnest(e_command, e_version, e_type, e_recorded, e_record) with ordinality
            as e (command, version, type, recorded, record, i)
        where e.command <> all (out_of);

    if cardinality(r_command) > 0 then
        delete from claims held using unnest(r_command, r_name, r_value) as r (command, name, value)
            where held.name = r.name and held.value = r.value and held.stream = c_stream[r.command]
                and r.command <> all (out_of);
    end if;

    if cardinality(s_command) > 0 then
        for side in
            select u.name, u.row, t.name is null as undeclared
            from unnest(s_command, s_table, s_row) as u (command, name, row)
            left join side_tables t on t.name = u.name where u.command <> all (out_of)
        loop
            if side.undeclared then
                raise exception 'side table % is not declared', side.name using errcode = 'invalid_parameter_value';
            end if;
            execute format('insert into %I select * from jsonb_populate_record(null::%1$I, $1)', side.name)
                using side.row;
        end loop;
    end if;

    perform pg_notify('appended', '');

    if cardinality(out_of) > 0 then
        return query
            select i, 'seen', c.fingerprint, c.stream, c.versions, c.response, null::text, null::text
            from unnest(seen) as i join commands c on c.id = c_id[i]
            union all
            select i, 'claimed', null, null, null, null, name, value
            from unnest(claimed, claimed_name, claimed_value) as u (i, name, value)
            union all
            select i, 'conflict', null, null, null, null, null, null from unnest(conflicted) as i;
    end if;
end
$$;

-- One row: up to where this service's events have been published.
create table relay (
    singleton boolean primary key default true check (singleton),
    tick bigint not null default 0,
    position integer not null default 0
);
insert into relay default values;
