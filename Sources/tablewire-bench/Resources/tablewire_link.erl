%% The first copy of a Mnesia table over a link: one node holds the rows, the other copies them.
-module(tablewire_link).
-export([seed/1, join/1]).

%% Creates the table and fills it from a file: length of the key (16 bits), key, length of the value (32 bits), value, ...
seed([File]) ->
    ok = mnesia:start(),
    {atomic, ok} = mnesia:create_table(bench, [{ram_copies, [node()]}, {attributes, [key, value]}]),
    {ok, Rows} = file:read_file(File),
    load(Rows),
    [erlang:garbage_collect(P) || P <- processes()],
    io:format("ready ~b~n", [mnesia:table_info(bench, size)]),
    receive stop -> ok end.

load(<<>>) -> ok;
load(<<K:16, Key:K/binary, V:32, Value:V/binary, Rest/binary>>) ->
    %% Copies: a part of the file would keep all of it in memory.
    ets:insert(bench, {bench, binary:copy(Key), binary:copy(Value)}),
    load(Rest).

%% Copies the table when a line comes on standard input, and prints the seconds.
join([Seed, Rows]) ->
    Node = list_to_atom(Seed),
    Size = list_to_integer(Rows),
    ok = mnesia:start(),
    io:format("ready~n"),
    _ = io:get_line(""),
    Start = erlang:monotonic_time(nanosecond),
    {ok, [Node]} = mnesia:change_config(extra_db_nodes, [Node]),
    {atomic, ok} = mnesia:add_table_copy(bench, node(), ram_copies),
    ok = mnesia:wait_for_tables([bench], infinity),
    Self = node(),
    Self = mnesia:table_info(bench, where_to_read),
    Size = mnesia:table_info(bench, size),
    End = erlang:monotonic_time(nanosecond),
    io:format("seconds ~.6f~n", [(End - Start) / 1.0e9]),
    receive stop -> ok end.
