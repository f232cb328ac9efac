-- The gateway's projection: a row a stream, and a row an event. What may be read of them is guarded here a second
-- time: the first guard is the policy table in services/gateway/access.

create table resources (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    kind text collate "C" not null,
    status text,                                   -- as the offices see it
    shown text,                                    -- as everyone else sees it, where that differs
    label text,                                    -- what a unit or document is called
    person text,                                   -- whose it is
    employer text,
    agency text,
    district text,
    campaign text,
    application text,
    session text,
    title text,
    series text,
    level text,
    year integer,
    reach smallint not null,                       -- 0 with its owner, 1 with the employer too, 2 with the offices too
    parties jsonb not null,                        -- others who have a part in it: who sits, who is asked
    shown_until timestamptz,                       -- the end of its time on show, in domain time
    created_at timestamptz not null,
    updated_at timestamptz not null,
    doc jsonb not null                             -- what is shown of it; personal members are sealed
);
-- Lists are read in this order, so that a page costs a page, whoever asks for it.
create index resources_by_kind on resources (kind, created_at desc, stream desc);
create index resources_by_status on resources (kind, status, created_at desc, stream desc);
create index resources_by_person on resources (person, kind, created_at desc, stream desc) where person is not null;
create index resources_by_employer on resources (employer, kind, created_at desc, stream desc) where employer is not null;
create index resources_by_agency on resources (agency, kind, created_at desc, stream desc) where agency is not null;
create index resources_by_district on resources (district, kind, created_at desc, stream desc) where district is not null;
create index resources_by_application on resources (application);
create index resources_by_session on resources (session);
create index resources_by_title on resources (title) where title is not null;
create index resources_by_party on resources using gin (parties);

create table history (
    stream text collate "C" not null,
    version bigint not null,
    id uuid not null,
    type text not null,
    time timestamptz not null,
    recorded timestamptz not null,
    service text not null,
    role text not null,
    actor text not null,
    clauses text not null,
    ruleset text not null,
    hash bytea not null,
    prevhash bytea not null,
    -- The order of the feed: as in the store, a reader takes ticks below the gate, so that no cursor skips a row.
    tick bigint not null default store_tick(),
    seq bigint generated always as identity,
    primary key (stream, version)
);
create index history_in_order on history (tick, seq);
create index history_of_stream on history (stream, tick, seq);

-- Who are officials of the city: no policy, since no reader's role may read it.
create table officials (
    stream text collate "C" primary key,
    version bigint not null,
    hash bytea not null,
    members jsonb
);

-- Who asks, set for one transaction; unset means nobody. Every use below stands in a subquery of its own, `(select
-- ...)`: so it is computed once for a query and not once for a row.
create function viewer(what text) returns text language sql stable as
    $$ select nullif(current_setting('zhicheng.' || what, true), '') $$;
create function viewer_is(variadic roles text[]) returns boolean language sql stable as
    $$ select coalesce(string_to_array(viewer('roles'), ',') && roles, false) $$;
create function viewer_now() returns timestamptz language sql stable as
    $$ select viewer('now')::timestamptz $$;

alter table resources enable row level security;
alter table resources force row level security;
alter table history enable row level security;
alter table history force row level security;

-- The projection writes; the owner stands behind the views below. Neither policy asks for another table, so the
-- readers' policies can refer to the views without recursion.
create policy written on resources to {{login}} using (true) with check (true);
create policy written on history to {{login}} using (true) with check (true);
create policy owned on resources for select to {{owner}} using (true);

-- The applications that an office or employer has on its desk.
create view my_applications as
    select application, person from resources
    where kind = 'application' and (
        (select viewer_is('employer_clerk', 'employer_head')) and reach >= 1 and employer = (select viewer('unit'))
        or (select viewer_is('agency_officer')) and reach >= 2 and agency = (select viewer('unit'))
        or (select viewer_is('district')) and reach >= 2 and district = (select viewer('district')));

-- The sessions in which a person sits, or which an agency holds.
create view my_sessions as
    select session, (select viewer_is('agency_officer')) and agency = (select viewer('unit')) as held, parties,
        coalesce(doc->'candidates', '[]') as candidates, coalesce(doc->'recusals', '[]') as recusals,
        doc->>'supervisor' = (select viewer('person')) as supervised
    from resources
    where kind = 'session' and (
        (select viewer_is('expert', 'chair', 'supervisor')) and parties ? (select viewer('person'))
        or (select viewer_is('agency_officer')) and agency = (select viewer('unit')));

-- The candidates that a person may judge or watch over: not dropped, and not those for whom the person is recused.
create view my_candidates as
    select candidate->>'application' as application
    from my_sessions s, jsonb_array_elements(s.candidates) as candidate
    where (select viewer_is('expert', 'chair', 'supervisor')) and parties ? (select viewer('person'))
        and candidate->>'standing' <> 'dropped'
        and not exists (
            select from jsonb_array_elements(s.recusals) as recusal
            where recusal->>'expert' = (select viewer('person'))
                and recusal->>'application' = candidate->>'application');

-- What belongs to a case: what names the application, and the certificate of its title; as far as the caller may read it.
create view case_streams with (security_invoker = true) as
    select application, stream from resources where (select viewer('roles')) is not null
    union all
    select title.application, certificate.stream
    from resources title join resources certificate on certificate.title = title.title
    where title.kind = 'title' and certificate.kind = 'certificate' and (select viewer('roles')) is not null;

-- Of a person nothing but the sealed name, for those who may read the name beside what they see.
create view person_names as
    select p.stream, p.doc->>'name' as name
    from resources p
    where p.kind = 'person' and (
        (select viewer_is('city', 'auditor'))
        or p.person = (select viewer('person'))
        or (select viewer_is('employer_clerk', 'employer_head')) and p.employer = (select viewer('unit'))
        or exists (select from my_applications a where a.person = p.person)
        or exists (
            select from resources n where n.kind = 'notice' and n.person = p.person
                and n.status = 'running' and n.shown_until > (select viewer_now()))
        or exists (
            select from resources e where e.kind = 'endorsement' and e.person = p.person
                and e.parties ? (select viewer('person')))
        or (select viewer_is('agency_officer', 'employer_clerk', 'employer_head')) and exists (
            select from resources e join my_applications a on a.application = e.application
            where e.kind = 'endorsement' and e.parties ? p.person)
        or (select viewer_is('agency_officer')) and exists (
            select from resources x where x.kind = 'expert' and x.person = p.person
                and x.parties ? (select viewer('unit')))
        or exists (select from my_sessions s where s.parties ? p.person));

grant select on resources, history, my_applications, my_sessions, my_candidates, case_streams, person_names
    to {{reader}};

create policy city_and_auditor on resources for select to {{reader}} using (
    (select viewer_is('auditor'))
    or (select viewer_is('city')) and (kind <> 'record' or shown_until > (select viewer_now())));

create policy everyone on resources for select to {{reader}} using (
    (select viewer('roles') is not null) and case kind
        when 'employer' then true
        when 'agency' then true
        when 'campaign' then true
        when 'ruleset' then status <> 'draft'
        when 'notice' then status = 'running' and shown_until > (select viewer_now())
        else false
    end);

create policy own on resources for select to {{reader}} using (
    (select viewer('roles') is not null) and person = (select viewer('person')) and case
        when kind in ('person', 'application', 'payment', 'expert', 'endorsement', 'notice', 'title',
                      'certificate', 'ban') then true
        when kind = 'case' then reach >= 2
        when kind = 'record' then status = 'shown' and shown_until > (select viewer_now())
        else false
    end);

create policy asked on resources for select to {{reader}} using (
    (select viewer('roles') is not null) and kind = 'endorsement' and parties ? (select viewer('person')));

create policy employer on resources for select to {{reader}} using (
    (select viewer_is('employer_clerk', 'employer_head')) and employer = (select viewer('unit')) and case kind
        when 'application' then reach >= 1
        when 'person' then true
        when 'case' then reach >= 2
        when 'record' then status = 'shown' and shown_until > (select viewer_now())
        else false
    end);

create policy agency on resources for select to {{reader}} using (
    (select viewer_is('agency_officer')) and case kind
        when 'application' then reach >= 2 and agency = (select viewer('unit'))
        when 'committee' then agency = (select viewer('unit'))
        when 'session' then agency = (select viewer('unit'))
        when 'notice' then agency = (select viewer('unit'))
        when 'expert' then parties ? (select viewer('unit'))
        when 'ballot' then session = any (array(select s.session from my_sessions s where s.held))
        when 'case' then reach >= 2 and agency = (select viewer('unit'))
        when 'record' then status = 'shown' and shown_until > (select viewer_now()) and agency = (select viewer('unit'))
        else false
    end);

create policy district on resources for select to {{reader}} using (
    (select viewer_is('district')) and kind = 'application' and reach >= 2 and district = (select viewer('district')));

-- What belongs to a file goes where the file has gone. `limit 1` has it asked row by row, since an office has more
-- files than a page has rows; an EXISTS would be hashed, over all of them.
create policy desk on resources for select to {{reader}} using (
    (select viewer_is('employer_clerk', 'employer_head', 'agency_officer', 'district')) and case
        when kind in ('endorsement', 'title', 'notice')
            then (select true from my_applications a where a.application = resources.application limit 1)
        when kind = 'person' and (select viewer_is('agency_officer', 'district'))
            then (select true from my_applications a where a.person = resources.person limit 1)
        else false
    end);

create policy seated on resources for select to {{reader}} using (
    (select viewer_is('expert', 'chair', 'supervisor')) and case kind
        when 'session' then parties ? (select viewer('person'))
        when 'ballot' then parties ? (select viewer('person'))
            or session = any (array(
                select s.session from my_sessions s
                where s.supervised or (select viewer_is('chair')) and s.parties ? (select viewer('person'))))
        when 'application' then application = any (array(select c.application from my_candidates c))
        else false
    end);

create policy finance on resources for select to {{reader}} using ((select viewer_is('finance')) and kind = 'payment');

-- An event is seen by who sees its stream, but: nobody sees the way of a file that is reviewed blind, only the
-- offices see where it is in the review, and the public only what was published for good.
create policy with_its_stream on history for select to {{reader}} using (
    exists (
        select from resources r
        where r.stream = history.stream and case
            when (select viewer_is('city', 'auditor')) then true
            when (select viewer_is('public')) then r.kind in ('ruleset', 'campaign')
            when r.kind <> 'application' then true
            when (select viewer_is('agency_officer', 'district'))
                and (select true from my_applications a where a.application = r.application limit 1) then true
            when r.person = (select viewer('person'))
                or (select true from my_applications a where a.application = r.application limit 1)
                then history.type not in ('ReviewScheduled', 'ReviewVoteOpened', 'ReviewVoteVoided', 'ReviewPassed')
            else false
        end));
