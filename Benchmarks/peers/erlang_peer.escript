#!/usr/bin/env escript
%%! -sname ptree_bench@localhost -start_epmd false -erl_epmd_port 43791 -kernel inet_dist_use_interface {127,0,0,1}
%% The same workloads in Erlang: start|rate|tree|roundtrip|small|memory|death. A child is a node of its own
%% (`peer`), as only that is a process of the kernel with Erlang in it; a port is one without.
-mode(compile).

main([What]) ->
    case What of
        "start" -> start();
        "rate" -> rate();
        "roundtrip" -> roundtrip();
        "small" -> small();
        "memory" -> memory();
        "death" -> death();
        _ -> ok
    end.

%% No daemon that knows names is needed: all use the port above, and only the root listens.
child() ->
    {ok, Peer, Node} = peer:start_link(
        #{name => peer:random_name(), host => "localhost", connection => standard_io,
          args => ["-start_epmd", "false", "-erl_epmd_port", "43791", "-dist_listen", "false"]}),
    true = peer:call(Peer, net_kernel, connect_node, [node()]),
    {Peer, Node}.

life() ->
    {Peer, Node} = child(),
    42 = erpc:call(Node, erlang, '+', [7, 35]),
    peer:stop(Peer).

port_life() ->
    Port = open_port({spawn_executable, os:find_executable("true")}, [exit_status]),
    receive {Port, {exit_status, 0}} -> ok end.

start() ->
    report("start-port", median([time(fun port_life/0) || _ <- lists:seq(1, 100)]), "us"),
    report("start-peer", median([time(fun life/0) || _ <- lists:seq(1, 5)]), "us").

rate() ->
    Self = self(),
    Lane = fun(Count, Life) -> [Life() || _ <- lists:seq(1, Count)], Self ! done end,
    Lanes = fun(Count, Life) ->
        time(fun() ->
            [spawn_link(fun() -> Lane(Count, Life) end) || _ <- lists:seq(1, 8)],
            [receive done -> ok end || _ <- lists:seq(1, 8)]
        end)
    end,
    report("rate-port", 200 / Lanes(25, fun port_life/0) * 1.0e6, "children/s"),
    report("rate-peer", 16 / Lanes(2, fun life/0) * 1.0e6, "children/s").

%% A peer gets its functions as a compiled module, since that of a script exists in its own node alone.
run(Node, Function, Arguments) ->
    Module = [
        {attribute, 1, module, children},
        {attribute, 1, export, [{echo, 1}, {count, 2}]},
        form("echo(Root) -> receive Data -> Root ! Data, echo(Root) end."),
        form("count(Root, N) -> receive stop -> Root ! N; _ -> count(Root, N + 1) end.")
    ],
    {ok, Name, Code} = compile:forms(Module),
    {module, Name} = erpc:call(Node, code, load_binary, [Name, "children", Code]),
    spawn(Node, Name, Function, Arguments).

form(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

roundtrip() ->
    {Peer, Node} = child(),
    Echo = run(Node, echo, [self()]),
    Data = binary:copy(<<7>>, 64),
    Turn = fun() -> Echo ! Data, receive Data -> ok end end,
    [Turn() || _ <- lists:seq(1, 1000)],
    Time = time(fun() -> [Turn() || _ <- lists:seq(1, 10000)] end),
    report("roundtrip-peer", Time / 10000, "us"),
    peer:stop(Peer).

small() ->
    {Peer, Node} = child(),
    Total = 500000,
    Count = run(Node, count, [self(), 0]),
    Data = binary:copy(<<7>>, 64),
    Time = time(fun() ->
        [Count ! Data || _ <- lists:seq(1, Total)],
        Count ! stop,
        receive Total -> ok end
    end),
    report("small-peer", Total / Time * 1.0e6, "messages/s"),
    peer:stop(Peer).

memory() ->
    Peers = [child() || _ <- [1, 2, 3]],
    report("memory-peer", median([memory_of(erpc:call(Node, os, getpid, [])) || {_, Node} <- Peers]), "KiB"),
    [peer:stop(Peer) || {Peer, _} <- Peers].

memory_of(Pid) ->
    {ok, Text} = file:read_file(["/proc/", Pid, "/smaps_rollup"]),
    {match, [Size]} = re:run(Text, "^Pss: +([0-9]+)", [multiline, {capture, all_but_first, list}]),
    list_to_integer(Size).

%% A port that ends its own process when it is told so; the time until its owner knows.
death() ->
    Die = fun() ->
        Port = open_port({spawn_executable, os:find_executable("sh")}, [exit_status, {args, ["-c", "read x; kill -9 $$"]}]),
        timer:sleep(5),
        time(fun() -> port_command(Port, "x\n"), receive {Port, {exit_status, _}} -> ok end end)
    end,
    report("death-port", median([Die() || _ <- lists:seq(1, 30)]), "us").

time(Function) -> element(1, timer:tc(Function)).

median(Values) -> lists:nth(length(Values) div 2 + 1, lists:sort(Values)).

report(Name, Value, Unit) -> io:format("~s ~w ~s~n", [Name, Value, Unit]).
