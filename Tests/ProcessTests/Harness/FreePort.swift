import NIOCore
import NIOPosix
import Synchronization

/// Ports of 127.0.0.1 that nobody listens on, each given out once in a run.
///
/// They are below the range that the system uses for outgoing connections: a node that is down must find its port free when it comes
/// back, whatever was dialled meanwhile.
enum FreePort {
    private static let given = Mutex<Set<UInt16>>([])

    static func next() async throws -> UInt16 {
        while true {
            let port = UInt16.random(in: 20_000...31_999)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            let bound = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: Int(port))
            guard let channel = try? await bound.get() else { continue }
            try await channel.close()
            return port
        }
    }
}
