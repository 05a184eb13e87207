import Foundation
import Glibc

/// Two network namespaces with one slow wire between them. They are gone when this program ends.
final class SlowLink: Sendable {
    /// What a wire is like.
    struct Shape: Hashable, Sendable {
        /// Of each direction.
        var megabits: Double
        /// Milliseconds there and back.
        var roundTrip: Double
    }

    let seed: LinkEnd
    let joiner: LinkEnd
    private let relay: FrameRelay?

    deinit { relay?.stop() }

    /// Frames that the relay had no room for.
    var drops: Int { relay?.drops ?? 0 }

    /// - Throws: what is missing here to make one, in one line.
    static func check(_ shape: Shape) throws {
        guard geteuid() == 0 else { throw MeasurementError("only root can make a link of its own: run this as root") }
        try SystemProgram.require(["ip", "tc"], for: "the link")
        guard shape.roundTrip == 0 || FileManager.default.fileExists(atPath: "/dev/net/tun") else {
            throw MeasurementError("a link with a round trip needs /dev/net/tun, which is not there")
        }
    }

    init(_ shape: Shape, directory: URL) async throws {
        try Self.check(shape)
        let names = ["a", "b"].map { "twl\(getpid())\($0)" }
        for name in names {
            Leftovers.shared.add(namespace: name)
            try await SystemProgram.run("ip", ["netns", "add", name])
        }
        seed = LinkEnd(namespace: names[0], address: "10.9.0.1", directory: directory)
        joiner = LinkEnd(namespace: names[1], address: "10.9.0.2", directory: directory)
        let device = LinkEnd.device
        if shape.roundTrip > 0 {
            let relay = try FrameRelay(between: (names[0], names[1]), delay: .seconds(shape.roundTrip / 2000))
            self.relay = relay
            for name in names { try await SystemProgram.run("ip", ["link", "set", name, "netns", name, "name", device]) }
            relay.start()
        } else {
            relay = nil
            try await SystemProgram.run(
                "ip", ["-n", names[0], "link", "add", device, "type", "veth", "peer", "name", device, "netns", names[1]])
        }
        for end in [seed, joiner] { try await Self.prepare(end, shape) }
    }

    private static func prepare(_ end: LinkEnd, _ shape: Shape) async throws {
        let inside = ["-n", end.namespace]
        try await SystemProgram.run("ip", inside + ["address", "add", end.address + "/24", "dev", LinkEnd.device])
        // Packets of the size that a wire takes: else the kernel hands 64 KiB over at once, and counts the headers of one.
        try await SystemProgram.run("ip", inside + ["link", "set", LinkEnd.device, "gso_max_segs", "1"])
        for device in ["lo", LinkEnd.device] { try await SystemProgram.run("ip", inside + ["link", "set", device, "up"]) }
        let rate = "\(ResultLine.decimal(shape.megabits, places: 3))mbit"
        try await SystemProgram.run(
            "tc",
            inside + ["qdisc", "add", "dev", LinkEnd.device, "root", "tbf", "rate", rate, "burst", "64kb", "latency", "50ms"])
    }
}
