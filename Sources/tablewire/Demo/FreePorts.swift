import Glibc
import ProgramTerminal

/// Ports of 127.0.0.1 that nobody listens on.
///
/// They are below the range that the system hands out for outgoing connections: a node that is down must find its port free when
/// it comes back, whatever its peers dialled meanwhile.
struct FreePorts {
    private static let candidates: ClosedRange<UInt16> = 20_000...31_999
    private var taken: Set<UInt16> = []

    mutating func next() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: Self.candidates)
            if !taken.contains(port), Self.canListen(on: port) {
                taken.insert(port)
                return port
            }
        }
        throw CommandError("no free port from \(Self.candidates.lowerBound) to \(Self.candidates.upperBound) on 127.0.0.1")
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
