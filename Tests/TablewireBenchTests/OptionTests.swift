import ArgumentParser
import ClusterModel
import Testing

@testable import tablewire_bench

@Suite struct OptionTests {
    @Test func whatIsNotSaidHasTheValueOfTheComparison() throws {
        let join = try JoinCommand.parse([])
        #expect(join.rows.rows == 1_000_000)
        #expect(join.rows.value == 64)
        #expect(join.storage == .ram)
        #expect(join.type == .set)
        #expect(!join.output.json)
        let write = try WriteCommand.parse([])
        #expect(write.writers == 1 && write.batch == 1 && write.ack == .all && write.nodes == 3 && write.connections == 1)
    }

    @Test func optionsAreRead() throws {
        let write = try WriteCommand.parse(
            ["--writers", "16", "--batch", "100", "--ack", "majority", "--storage", "disc", "--seconds", "0.5", "--json"])
        #expect(write.writers == 16 && write.batch == 100 && write.seconds == 0.5)
        #expect(write.ack.level == .majority)
        #expect(write.storage.kind == .disc)
        #expect(write.output.json)
        let link = try LinkCommand.parse(["--peer", "mnesia", "--compress", "--round-trip", "20"])
        #expect(link.peer == .mnesia && link.compress && link.roundTrip == 20 && link.rate == 100)
        #expect(try EngineCommand.parse(["--type", "ordered_set"]).type.type == .orderedSet)
        #expect(try FailureCommand.parse(["--signal", "STOP"]).signal == .stop)
        #expect(try RestartCommand.parse(["--stop", "kill"]).stop == .kill)
    }

    @Test(arguments: [
        ["join", "--rows", "0"], ["join", "--rows", "-1"], ["join", "--storage", "tape"], ["join", "--value", "99999999"],
        ["write", "--writers", "0"], ["write", "--batch", "10001"], ["write", "--nodes", "10"], ["write", "--seconds", "0"],
        ["write", "--keys", "10", "--writers", "16"], ["write", "--in-process", "--writers", "2"], ["write", "--ack", "some"],
        ["read", "--type", "bag"], ["failure", "--signal", "TERM"], ["failure", "--nodes", "1"], ["failure", "--preset", "moon"],
        ["restart", "--stop", "never"], ["codec", "--rows", "0"], ["nonsense"],
        ["link", "--peer", "etcd"], ["link", "--compress"], ["link", "--peer", "redis", "--compress"], ["link", "--rate", "0"],
        ["link", "--round-trip", "-1"], ["link", "--round-trip", "1001"], ["link", "--peer", "redis", "--storage", "disc"],
    ])
    func whatMakesNoSenseIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try TablewireBench.parseAsRoot(arguments) }
    }
}
