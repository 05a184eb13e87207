internal import CKernel
internal import Glibc

/// What became possible with a socket.
struct Change {
    let token: UInt64
    private let bits: UInt32

    init(token: UInt64, bits: UInt32) {
        self.token = token
        self.bits = bits
    }

    private func has(_ constants: Int...) -> Bool { constants.contains { bits & UInt32($0) != 0 } }

    var isReadable: Bool { has(CKERNEL_READABLE, CKERNEL_PEER_FINISHED, CKERNEL_FAILED, CKERNEL_HUNG_UP) }
    var isWritable: Bool { has(CKERNEL_WRITABLE, CKERNEL_FAILED, CKERNEL_HUNG_UP) }
    /// It failed or is over in both directions.
    var isEnd: Bool { has(CKERNEL_FAILED, CKERNEL_HUNG_UP) }
}

/// Descriptors to wait for; each change is told once.
struct ChangeSet: ~Copyable {
    private static let most = 256

    private let descriptor: Int32
    private var events = [ckernel_event](repeating: ckernel_event(), count: most)

    init() throws(ProxyError) {
        descriptor = ckernel_events()
        guard descriptor >= 0 else { throw .system(code: errno) }
    }

    deinit { close(descriptor) }

    /// What is possible already is told too.
    /// - Returns: whether the system had room for it.
    func add(_ other: Int32, token: UInt64) -> Bool { ckernel_events_add(descriptor, other, token) == 0 }

    /// - Parameter milliseconds: -1 for as long as it takes.
    mutating func wait(milliseconds: Int32) -> [Change] {
        let count = unsafe ckernel_events_wait(descriptor, &events, Int32(events.count), milliseconds)
        return count <= 0 ? [] : events[..<Int(count)].map { Change(token: $0.token, bits: $0.events) }
    }
}
