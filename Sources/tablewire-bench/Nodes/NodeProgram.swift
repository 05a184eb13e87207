import Foundation

/// The program that is started as a node: `$TABLEWIRE_BINARY`, else `tablewire` beside this program.
enum NodeProgram {
    static func url() throws -> URL {
        let url = ProcessInfo.processInfo.environment["TABLEWIRE_BINARY"].map { URL(filePath: $0) } ?? besideThisProgram
        guard FileManager.default.isExecutableFile(atPath: url.path) else {
            throw MeasurementError(
                "there is no program \(url.path) to start as a node: build it ('swift build -c release --product tablewire') or "
                    + "name another in TABLEWIRE_BINARY")
        }
        return url
    }

    /// This program itself, to run one measurement in a process of its own.
    static var ownURL: URL {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: path ?? CommandLine.arguments[0])
    }

    /// The folder that holds this program's resources, beside it.
    static var resources: URL {
        ownURL.deletingLastPathComponent().appending(path: "tablewire_tablewire-bench.resources")
    }

    private static var besideThisProgram: URL { ownURL.deletingLastPathComponent().appending(path: "tablewire") }
}
