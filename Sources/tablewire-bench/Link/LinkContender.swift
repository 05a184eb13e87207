import Foundation

/// Somebody that copies rows over the link: a program at either end.
protocol LinkContender: Sendable {
    /// What must be installed.
    static var programs: [String] { get }

    /// Starts both ends and puts the rows into the seed.
    func prepare(_ rows: Int, of workload: Workload) async throws -> LinkPair

    /// Makes the joiner copy all rows.
    /// - Returns: how many seconds that took.
    func copy(_ rows: Int, of pair: LinkPair) async throws -> Double
}

/// The programs at the two ends.
struct LinkPair {
    var seed: LinkProcess
    var joiner: LinkProcess
}

extension Workload {
    /// Writes all rows to a file, each as `form` appends it.
    func write(_ rows: Int, to file: URL, form: (_ key: [UInt8], _ value: [UInt8], _ bytes: inout [UInt8]) -> Void) throws {
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        var bytes: [UInt8] = []
        for number in 0..<rows {
            form(key(number), value(number), &bytes)
            if bytes.count > 1 << 20 || number == rows - 1 {
                try handle.write(contentsOf: Data(bytes))
                bytes.removeAll(keepingCapacity: true)
            }
        }
    }
}
