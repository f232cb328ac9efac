-- What the events of this store name among its blobs, read from them in their order: the sweep deletes the others.
create table named_blobs (hash text collate "C" primary key);

-- Up to where the events were read.
create table blob_checkpoint (
    singleton boolean primary key default true check (singleton),
    tick bigint not null default 0,
    position integer not null default 0
);
insert into blob_checkpoint default values;
