"""Tables of the writer's path, in the database's own words: append-only, partitioned, fenced."""

from django.db import migrations

TABLES = """
create table inbox (
    id bigint generated always as identity primary key,
    world_id bigint not null,
    participant_id bigint not null,
    command_id uuid not null,
    key text not null check (length(key) between 1 and 128),
    digest bytea not null check (length(digest) = 16),
    body bytea not null check (length(body) <= 4096),
    created_at timestamptz not null default clock_timestamp(),
    constraint inbox_one_per_command unique (world_id, command_id),
    constraint inbox_one_per_key unique (world_id, participant_id, key)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index inbox_waiting on inbox (world_id, id);

create table journal (
    world_id bigint not null,
    seq bigint not null check (seq > 0),
    tick bigint not null,
    commit bigint not null,
    participant_id bigint not null,
    ref_seq bigint not null,
    status smallint not null,
    command_id uuid not null,
    key text not null,
    digest bytea not null,
    payload bytea not null,
    result bytea not null check (length(result) <= 512),
    chain bytea not null check (length(chain) = 16),
    constraint journal_gapless primary key (world_id, seq),
    constraint journal_one_per_command unique (world_id, command_id),
    constraint journal_one_per_key unique (world_id, participant_id, key)
);
comment on column journal.status is '0 executed, else the number of the reject reason';
comment on column journal.tick is 'ticks done before the command acted';

create table block (
    world_id bigint not null,
    commit bigint not null,
    day date not null default (now() at time zone 'utc')::date,
    epoch bigint not null,
    tick bigint not null,
    ticks smallint not null,
    seq_from bigint not null,
    seq_to bigint not null,
    touches_participants boolean not null,
    digest bigint,
    chain bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    events bytea not null,
    primary key (world_id, commit, day)
) partition by range (day);
alter table block alter column events set storage external;
create table block_default partition of block default;
comment on column block.events is 'compressed by the application, packed by the engine';

create table world_head (
    world_id bigint primary key,
    state text not null default 'running' check (state in ('running', 'halted')),
    tick_rate_hz double precision not null default 10 check (tick_rate_hz > 0),
    engine_version integer not null,
    holder text,
    backend_pid integer,
    backend_start timestamptz,
    epoch bigint not null default 0,
    until timestamptz not null default 'epoch',
    commit bigint not null default 0,
    seq bigint not null default 0,
    tick bigint not null,
    digest bigint,
    chain bytea not null,
    moved_at timestamptz not null default clock_timestamp(),
    attempt_commit bigint,
    attempts smallint not null default 0,
    suspect uuid,
    suspect_attempts smallint not null default 0,
    halt_pending text
) with (fillfactor = 20);

create table snapshot (
    id bigint generated always as identity primary key,
    world_id bigint not null,
    kind text not null check (kind in ('genesis', 'periodic', 'release')),
    commit bigint not null,
    seq bigint not null,
    tick bigint not null,
    engine_version integer not null,
    digest bigint not null,
    chain bytea not null,
    path text not null,
    stored_bytes bigint not null,
    checksum bytea not null check (length(checksum) = 16),
    created_at timestamptz not null default clock_timestamp(),
    unique (world_id, commit)
);
"""

GUARDS = """
create function lea_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op
        using errcode = 'restrict_violation';
end $$;

create trigger journal_append_only before update or delete or truncate on journal
    for each statement execute function lea_append_only();
-- Row triggers are inherited by every partition, statement triggers are not.
create trigger block_append_only before update or delete on block
    for each row execute function lea_append_only();
create trigger block_no_truncate before truncate on block
    for each statement execute function lea_append_only();
create trigger block_no_truncate before truncate on block_default
    for each statement execute function lea_append_only();

create function lea_block_partition(wanted date) returns text language plpgsql
security definer set search_path = public, pg_temp as $$
declare
    part text := 'block_' || to_char(wanted, 'YYYYMMDD');
begin
    if to_regclass(part) is not null then
        return null;
    end if;
    execute format('create table %I partition of block for values from (%L) to (%L)',
        part, wanted, wanted + 1);
    execute format('create trigger block_no_truncate before truncate on %I
        for each statement execute function lea_append_only()', part);
    return part;
end $$;

create function lea_block_drop(part text) returns boolean language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    if part !~ '^block_[0-9]{8}$' or to_regclass(part) is null then
        return false;
    end if;
    execute format('drop table %I', part);
    return true;
end $$;
revoke execute on function lea_block_partition, lea_block_drop from public;

select lea_block_partition((now() at time zone 'utc')::date + n) from generate_series(0, 2) n;
"""

# Roles are a second line behind the triggers; a database without them works the same. Tables that
# later migrations make get their rights from the default privileges.
ROLES = """
create function lea_grant_roles() returns integer language plpgsql as $$
declare
    name text;
    granted integer := 0;
begin
    foreach name in array array['arena_web', 'arena_writer', 'arena_projector'] loop
        continue when not exists (select from pg_roles where rolname = name);
        execute format('grant usage on schema public to %I', name);
        execute format('grant select on all tables in schema public to %I', name);
        execute format('grant usage on all sequences in schema public to %I', name);
        execute format('alter default privileges in schema public
            grant select on tables to %I', name);
        execute format('alter default privileges in schema public
            grant usage on sequences to %I', name);
        granted := granted + 1;
    end loop;
    foreach name in array array['arena_web', 'arena_projector'] loop
        continue when not exists (select from pg_roles where rolname = name);
        execute format('grant insert, update, delete on all tables in schema public to %I', name);
        execute format('alter default privileges in schema public
            grant insert, update, delete on tables to %I', name);
        execute format('revoke insert, update, delete, truncate
            on journal, block, block_default, world_head, snapshot, inbox from %I', name);
    end loop;
    if exists (select from pg_roles where rolname = 'arena_web') then
        grant insert, delete on inbox to arena_web;
    end if;
    if exists (select from pg_roles where rolname = 'arena_projector') then
        grant execute on function lea_block_partition, lea_block_drop to arena_projector;
        grant delete on snapshot to arena_projector;
    end if;
    if exists (select from pg_roles where rolname = 'arena_writer') then
        grant insert on journal, block, snapshot to arena_writer;
        grant delete on inbox, snapshot to arena_writer;
        grant update on world_head, worlds_world to arena_writer;
        grant execute on function lea_block_partition to arena_writer;
    end if;
    return granted;
end $$;
select lea_grant_roles();
"""

UNDO = """
drop function lea_grant_roles, lea_block_partition, lea_block_drop;
drop table inbox, journal, block, world_head, snapshot;
drop function lea_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("worlds", "0001_initial")]

    operations = [migrations.RunSQL([TABLES, GUARDS, ROLES], UNDO)]
