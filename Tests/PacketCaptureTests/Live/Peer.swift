import Glibc

@testable import PacketCapture

/// One end of a connection, as plain as sockets are. Calls block, for a minute at most.
final class Peer: @unchecked Sendable {
    let descriptor: Int32
    private var isClosed = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Connects.
    convenience init(to endpoint: Endpoint, buffers: Int32? = nil) throws {
        let address = try endpoint.socketAddress
        let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        if let buffers { Self.limitBuffers(of: descriptor, to: buffers) }
        self.init(descriptor: descriptor)
        guard unsafe address.withPointer({ unsafe connect(descriptor, $0, $1) }) == 0 else { throw SystemFailure(code: errno) }
    }

    deinit { if !isClosed { close(descriptor) } }

    static func limitBuffers(of descriptor: Int32, to size: Int32) {
        var size = size
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SystemFailure(code: errno) }
            sent += count
        }
    }

    /// Sends the same again and again until the other side has taken nothing for `milliseconds`.
    /// - Returns: the bytes that were taken.
    func sendUntilStuck(_ piece: [UInt8], milliseconds: Int32, atMost limit: Int) throws -> Int {
        var sent = 0
        while sent < limit {
            let count = unsafe piece.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[(sent % piece.count)...])
                return unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
                continue
            }
            guard errno == EAGAIN else { throw SystemFailure(code: errno) }
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if unsafe poll(&request, 1, milliseconds) == 0 { return sent }
        }
        return sent
    }

    /// Exactly so many bytes, or what came before the end.
    func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let more = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe recv(descriptor, buffer.baseAddress?.advanced(by: received), count - received, 0)
            }
            guard more >= 0 else { throw SystemFailure(code: errno) }
            if more == 0 { break }
            received += more
        }
        return Array(bytes.prefix(received))
    }

    /// Everything up to the end, which is the other side's FIN.
    func receiveAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try receive(1 << 16)
            bytes += piece
            if piece.count < 1 << 16 { return bytes }
        }
    }

    /// Whether the next thing that comes is a reset.
    func isReset() -> Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, 0) < 0 && errno == ECONNRESET
    }

    /// Somebody else closes the descriptor.
    func handOver() -> Int32 {
        isClosed = true
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        return descriptor
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Resets the connection; nothing else can be done with it after that.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
        isClosed = true
    }
}

/// Waits for connections on a free loopback port.
final class Listener {
    private let descriptor: Int32
    let endpoint: Endpoint

    init(isIPv6: Bool = false, backlog: Int32 = 128, buffers: Int32? = nil) throws {
        let address = try Endpoint(address: isIPv6 ? .v6(high: 0, low: 1) : .v4(0x7f00_0001), port: 0).socketAddress
        let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        if let buffers { Peer.limitBuffers(of: descriptor, to: buffers) }
        guard unsafe address.withPointer({ unsafe bind(descriptor, $0, $1) }) == 0, listen(descriptor, backlog) == 0 else {
            throw SystemFailure(code: errno)
        }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe getsockname(descriptor, pointer, &length)
                return unsafe SocketAddress(pointer, length: length)
            }
        }
        guard let bound else { throw SystemFailure(code: errno) }
        endpoint = bound.endpoint
    }

    deinit { close(descriptor) }

    func accept() throws -> Peer {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&request, 1, 60_000) == 1 else { throw SystemFailure(code: ETIMEDOUT) }
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw SystemFailure(code: errno) }
        return Peer(descriptor: accepted)
    }
}

extension Endpoint {
    var socketName: SocketName { SocketName(host: "\(address)", port: port) }

    var socketAddress: SocketAddress {
        get throws {
            guard let address = try socketName.resolve(forListening: false).first else { throw SystemFailure(code: EINVAL) }
            return address
        }
    }
}
