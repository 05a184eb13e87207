import Foundation

/// A folder of peers' drivers: a subfolder for each peer with a program that measures it.
struct PeersFolder: Sendable {
    /// What a driver may be called.
    static let programs = ["bench.sh", "bench.py", "bench"]

    var url: URL?

    /// - Parameter path: of the folder; `$TABLEWIRE_PEERS` when there is none.
    init(path: String?) {
        let path = path ?? ProcessInfo.processInfo.environment["TABLEWIRE_PEERS"] ?? ""
        url = path.isEmpty ? nil : URL(filePath: path)
    }

    /// The program that measures a peer.
    /// - Throws: why there is none.
    func driver(of peer: String) throws(BenchmarkFailure) -> URL {
        guard let url else { throw BenchmarkFailure(description: "no folder of drivers was given") }
        let folder = url.appending(path: peer)
        for name in Self.programs {
            let program = folder.appending(path: name)
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        }
        throw BenchmarkFailure(description: "no driver \(peer)/bench.* in the folder of drivers")
    }
}
