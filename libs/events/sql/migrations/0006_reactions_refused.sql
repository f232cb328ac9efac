-- What was refused for good is looked at by operators and counted by every scrape.
create index reactions_refused on reactions (seq) where outcome = 'refused';
