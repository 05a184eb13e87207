import Glibc

/// Ports of 127.0.0.1 that nobody listens on, below the range that the system hands out for outgoing connections: a node that is
/// started again finds its port free.
enum FreePorts {
    private static let candidates: ClosedRange<UInt16> = 20_000...31_999

    /// So many different ports.
    static func find(_ count: Int) throws -> [UInt16] {
        var ports: [UInt16] = []
        for _ in 0..<10_000 where ports.count < count {
            let port = UInt16.random(in: candidates)
            if !ports.contains(port), canListen(on: port) { ports.append(port) }
        }
        guard ports.count == count else {
            throw MeasurementError("no \(count) free ports from \(candidates.lowerBound) to \(candidates.upperBound)")
        }
        return ports
    }

    private static func canListen(on port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, size) == 0 }
        }
    }
}
