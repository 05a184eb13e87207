internal import CKernel
internal import Glibc

/// A non-blocking TCP socket, or one that listens for them.
struct Socket {
    enum Outcome {
        case bytes(Int)
        /// Reading: the peer will send no more.
        case finished
        /// Nothing can be read or written now.
        case wait
        /// The `errno`.
        case failed(Int32)
    }

    let descriptor: Int32

    /// - Returns: nil with `errno` set.
    private init?(family: Int32) {
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        if descriptor < 0 { return nil }
    }

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Listens on an address.
    /// - Returns: the `errno` when it cannot.
    static func listening(on address: SocketAddress) -> Result<Socket, SystemCode> {
        guard let socket = Socket(family: address.family) else { return .failure(SystemCode(errno)) }
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        let isBound = unsafe address.withPointer { unsafe bind(socket.descriptor, $0, $1) } == 0
        guard isBound, listen(socket.descriptor, SOMAXCONN) == 0 else {
            let code = SystemCode(errno)
            socket.close()
            return .failure(code)
        }
        return .success(socket)
    }

    /// Begins to connect; `error` tells how it went once the socket is writable.
    static func dialling(_ address: SocketAddress) -> Result<Socket, SystemCode> {
        guard let socket = Socket(family: address.family) else { return .failure(SystemCode(errno)) }
        socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        guard unsafe address.withPointer({ unsafe connect(socket.descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            let code = SystemCode(errno)
            socket.close()
            return .failure(code)
        }
        return .success(socket)
    }

    /// The next connection that waits, or the `errno`, EAGAIN where there is none.
    func accept() -> Result<(Socket, SocketAddress), SystemCode> {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let accepted = unsafe ckernel_accept(descriptor, &storage, &length)
        guard accepted >= 0 else { return .failure(SystemCode(errno)) }
        let socket = Socket(descriptor: accepted)
        guard let address = Self.address(&storage, length) else {
            socket.close()
            return .failure(SystemCode(EAFNOSUPPORT))
        }
        socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return .success((socket, address))
    }

    /// Its own address.
    var address: SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown =
            unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &length) }
            } == 0
        return isKnown ? Self.address(&storage, length) : nil
    }

    private static func address(_ storage: inout sockaddr_storage, _ length: socklen_t) -> SocketAddress? {
        unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe SocketAddress($0, length: length) }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count == 0 ? .finished : outcome(of: errno)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let count = unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .bytes(count) : outcome(of: errno)
    }

    private func outcome(of code: Int32) -> Outcome {
        switch code {
        case EAGAIN, EWOULDBLOCK: .wait
        // Taken up again by the caller, which sees no change.
        case EINTR: .bytes(0)
        default: .failed(code)
        }
    }

    /// What went wrong with the connection, 0 for nothing; told once.
    var error: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return code
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection in a way that the peer sees as a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() { _ = Glibc.close(descriptor) }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// An `errno`.
struct SystemCode: Error, Hashable {
    var value: Int32
    init(_ value: Int32) { self.value = value }
}
