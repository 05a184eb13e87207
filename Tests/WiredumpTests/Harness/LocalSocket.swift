import Foundation
import Glibc
import Testing

/// A TCP socket on 127.0.0.1, blocking, with every wait bounded.
final class LocalSocket: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { Glibc.close(descriptor) }

    /// A socket that accepts connections.
    static func listening() throws -> LocalSocket {
        let new = LocalSocket(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        try #require(unsafe new.withAddress(port: 0) { unsafe bind(new.descriptor, $0, $1) } == 0)
        try #require(listen(new.descriptor, 4) == 0)
        return new
    }

    static func connected(to port: UInt16) throws -> LocalSocket {
        let new = LocalSocket(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        try #require(
            unsafe new.withAddress(port: port) { unsafe connect(new.descriptor, $0, $1) } == 0, "nobody listens on \(port)")
        return new
    }

    func accept() throws -> LocalSocket {
        let accepted = Glibc.accept(descriptor, nil, nil)
        try #require(accepted >= 0, "nobody connects")
        return LocalSocket(accepted)
    }

    /// The own port.
    var port: UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &size) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL))
            }
            try #require(count > 0, "cannot send")
            rest = rest.dropFirst(count)
        }
    }

    /// Up to 64 KiB; nothing at the end of the stream, also by a reset.
    func receive() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 65536) { memory, count in
            count = unsafe max(0, recv(descriptor, memory.baseAddress, 65536, 0))
        }
    }

    func receive(_ count: Int) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let more = receive()
            if more.isEmpty { break }
            all += more
        }
        return all
    }

    /// Nothing more will be sent.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    private func withAddress(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Sends everything back, on a thread of its own, one connection after the other.
final class EchoServer: Sendable {
    let port: UInt16

    /// - Parameter connections: so many, then it ends.
    init(connections: Int) throws {
        let listener = try LocalSocket.listening()
        port = listener.port
        Thread.detachNewThread {
            for _ in 0..<connections {
                guard let connection = try? listener.accept() else { return }
                while true {
                    let bytes = connection.receive()
                    guard !bytes.isEmpty, (try? connection.send(bytes)) != nil else { break }
                }
                connection.finish()
            }
        }
    }
}
