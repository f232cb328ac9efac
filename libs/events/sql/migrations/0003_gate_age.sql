-- How old the oldest transaction is that holds the gate back, wherever in the cluster it is. A login is not shown
-- what runs in other databases and under other logins; the owner is, and gives one number away.
create function store_gate_age() returns double precision
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(extract(epoch from max(clock_timestamp() - since)), 0)::float8 from (
        select xact_start from pg_stat_activity where backend_xid is not null
        union all
        select prepared from pg_prepared_xacts
    ) as writing (since)
$$;
