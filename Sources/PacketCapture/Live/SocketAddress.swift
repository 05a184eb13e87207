internal import Glibc

/// A host, by name or number, and a port: `127.0.0.1:7400`, `[::1]:7400`, `node.example:7400`.
public struct SocketName: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// nil when it is not `HOST:PORT`; an IPv6 number stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        let name = text[..<colon]
        let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
        host = String(isBracketed ? name.dropFirst().dropLast() : name)
        guard !host.isEmpty, isBracketed || !host.contains(":") else { return nil }
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// What it stands for now; at least one.
    func resolve(forListening: Bool) throws(ProxyError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV | (forListening ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, "\(port)", &hints, &list)
        guard code == 0 else { throw .unknownHost(self, reason: unsafe String(cString: gai_strerror(code))) }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var entry = unsafe list
        while let info = unsafe entry?.pointee {
            if let address = unsafe SocketAddress(info.ai_addr, length: info.ai_addrlen) { found.append(address) }
            unsafe entry = info.ai_next
        }
        guard !found.isEmpty else { throw .unknownHost(self, reason: "it has no address of IPv4 or IPv6") }
        return found
    }
}

/// An address of a socket as the system takes it.
struct SocketAddress: Hashable {
    let endpoint: Endpoint
    /// Of IPv6: the interface that a link-local address belongs to.
    private var scope: UInt32 = 0

    /// nil for what is neither IPv4 nor IPv6.
    init?(_ address: UnsafePointer<sockaddr>?, length: socklen_t) {
        guard let address = unsafe address else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: address, count: Int(length))
        switch (unsafe Int32(address.pointee.sa_family), bytes.count) {
        case (AF_INET, MemoryLayout<sockaddr_in>.size...):
            let value = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
            endpoint = Endpoint(address: .v4(UInt32(bigEndian: value.sin_addr.s_addr)), port: UInt16(bigEndian: value.sin_port))
        case (AF_INET6, MemoryLayout<sockaddr_in6>.size...):
            let value = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
            let offset = 8
            let high = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let low = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
            // Who dials an IPv6 socket by IPv4 is shown as what it is.
            let isMapped = high == 0 && low >> 32 == 0xffff
            let number = isMapped ? IPAddress.v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
            endpoint = Endpoint(address: number, port: UInt16(bigEndian: value.sin6_port))
            scope = value.sin6_scope_id
        default: return nil
        }
    }

    var family: Int32 { endpoint.address.isIPv6 ? AF_INET6 : AF_INET }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if endpoint.address.isIPv6 {
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = endpoint.port.bigEndian
            value.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &value.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: endpoint.address.high.bigEndian, as: UInt64.self)
                unsafe bytes.storeBytes(of: endpoint.address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe Self.pass(&value, body)
        }
        var value = sockaddr_in()
        value.sin_family = sa_family_t(AF_INET)
        value.sin_port = endpoint.port.bigEndian
        value.sin_addr.s_addr = UInt32(truncatingIfNeeded: endpoint.address.low).bigEndian
        return unsafe Self.pass(&value, body)
    }

    private static func pass<Value, Result>(
        _ value: inout Value, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: &value) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<Value>.size))
            }
        }
    }
}
