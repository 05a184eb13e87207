internal import CKernel
internal import Glibc

/// Packets of a network interface as they pass: TCP only, from the IP header on.
///
/// The kernel writes them to a ring of memory that both share, so nothing is lost as long as this keeps up on the whole.
@safe public struct LiveCapture: ~Copyable {
    /// What `next` came to.
    public enum Event: Hashable, Sendable {
        /// Packets were delivered.
        case packets
        /// There were none for `quietTime`: what waits in buffers can go out.
        case quiet
        /// The stop was requested and everything captured before it was delivered.
        case stopped
    }

    /// The name that stands for all interfaces.
    public static let anyInterface = "any"
    /// Blocks are handed over when they are full, or so many milliseconds after their first packet.
    private static let blockTime: UInt32 = 20
    private static let quietTime: Int32 = 100
    private static let blockSize = 1 << 20
    private static let blockCount = 32

    /// Packets delivered so far.
    public private(set) var packets = 0
    private let interface: String
    private let descriptor: Int32
    private let ring: UnsafeMutableRawPointer
    private var nextBlock = 0
    private var dropped = 0
    /// Blocks delivered since the stop was requested.
    private var blocksAfterStop = 0

    /// Begins to capture.
    /// - Parameters:
    ///   - interface: its name, or `any`.
    ///   - port: only TCP from or to it.
    public init(on interface: String, port: UInt16? = nil) throws(LiveCaptureError) {
        let index = try Self.index(of: interface)
        let (descriptor, ring) = unsafe try Self.open(interface, index, PacketFilter(port: port))
        unsafe self.init(interface: interface, descriptor: descriptor, ring: ring)
    }

    private init(interface: String, descriptor: Int32, ring: UnsafeMutableRawPointer) {
        self.interface = interface
        self.descriptor = descriptor
        unsafe self.ring = ring
    }

    deinit {
        unsafe munmap(ring, Self.blockSize * Self.blockCount)
        close(descriptor)
    }

    private static func index(of interface: String) throws(LiveCaptureError) -> Int32 {
        if interface == anyInterface { return 0 }
        let index = unsafe if_nametoindex(interface)
        guard index > 0 else { throw .noSuchInterface(interface, there: interfaces) }
        return Int32(index)
    }

    /// The names of the interfaces there are.
    public static var interfaces: [String] {
        guard let list = unsafe if_nameindex() else { return [] }
        defer { unsafe if_freenameindex(list) }
        var names: [String] = []
        var entry = unsafe list
        while let name = unsafe entry.pointee.if_name {
            names.append(unsafe String(cString: name))
            unsafe entry += 1
        }
        return names
    }

    /// A socket that receives, and its ring.
    private static func open(
        _ interface: String, _ index: Int32, _ filter: PacketFilter
    ) throws(LiveCaptureError) -> (Int32, UnsafeMutableRawPointer) {
        let socket = try socket()
        do throws(LiveCaptureError) {
            let instructions = filter.instructions
            guard unsafe ckernel_packet_filter(socket, instructions, UInt16(instructions.count)) == 0 else {
                throw .system(operation: "the packet filter", code: errno)
            }
            guard ckernel_packet_ring(socket, UInt32(blockSize), UInt32(blockCount), blockTime) == 0 else {
                throw .system(operation: "a ring of 32 MiB", code: errno)
            }
            let ring = unsafe mmap(nil, blockSize * blockCount, PROT_READ | PROT_WRITE, MAP_SHARED, socket, 0)
            guard let ring = unsafe ring, unsafe ring != MAP_FAILED else { throw .system(operation: "mmap", code: errno) }
            // Packets come only now, when the filter is there.
            guard ckernel_packet_bind(socket, index) == 0 else { throw .system(operation: "bind", code: errno) }
            try check(socket, of: interface)
            return unsafe (socket, ring)
        } catch {
            close(socket)
            throw error
        }
    }

    private static func socket() throws(LiveCaptureError) -> Int32 {
        let descriptor = ckernel_packet_socket()
        guard descriptor < 0 else { return descriptor }
        switch errno {
        case EPERM, EACCES: throw .notPermitted(program: program)
        case EAFNOSUPPORT, ENOSYS, EINVAL: throw .notSupported
        default: throw .system(operation: "socket", code: errno)
        }
    }

    /// The file of the program that runs.
    private static var program: String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count)
        return count > 0 ? String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : "FILE"
    }

    /// An interface that goes down, or is down, says so by an error of the socket.
    private static func check(_ descriptor: Int32, of interface: String) throws(LiveCaptureError) {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        switch code {
        case 0: return
        case ENETDOWN: throw .interfaceDown(interface)
        default: throw .system(operation: "capturing on \(interface)", code: code)
        }
    }

    /// Packets that the kernel dropped because this did not keep up.
    public mutating func droppedPackets() -> Int {
        var more: UInt32 = 0
        if unsafe ckernel_packet_drops(descriptor, &more) == 0 { dropped += Int(more) }
        return dropped
    }

    /// Waits for packets and hands them to `body`; the bytes of each are gone when that returns.
    public mutating func next(
        until stop: StopRequest, _ body: (PacketHead, Span<UInt8>) -> Void
    ) throws(LiveCaptureError) -> Event {
        let isStopping = stop.isRequested
        // Of what is under way then, a ring full at most: traffic that never ends must not keep it from ending.
        if isStopping, blocksAfterStop == Self.blockCount { return .stopped }
        if !isOurs { try wait(for: isStopping ? nil : stop) }
        guard isOurs else { return isStopping ? .stopped : .quiet }
        if isStopping { blocksAfterStop += 1 }
        deliverBlock(body)
        return .packets
    }

    private var isOurs: Bool { unsafe ckernel_block_is_ours(ring + nextBlock * Self.blockSize) != 0 }

    /// Until there is a block, the stop is requested, or some time has passed.
    private func wait(for stop: StopRequest?) throws(LiveCaptureError) {
        var requests = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        if let stop { requests.append(pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)) }
        unsafe _ = poll(&requests, nfds_t(requests.count), Self.quietTime)
        if Int32(requests[0].revents) & POLLERR != 0 { try Self.check(descriptor, of: interface) }
    }

    /// Packets of the block that is next, which then is the kernel's again. The layout is that of linux/if_packet.h.
    private mutating func deliverBlock(_ body: (PacketHead, Span<UInt8>) -> Void) {
        let block = unsafe ring + nextBlock * Self.blockSize
        let count = unsafe block.load(fromByteOffset: 12, as: UInt32.self)
        var packet = unsafe block + Int(block.load(fromByteOffset: 16, as: UInt32.self))
        for _ in 0..<count {
            let seconds = unsafe Int64(packet.load(fromByteOffset: 4, as: UInt32.self))
            let nanoseconds = unsafe Int64(packet.load(fromByteOffset: 8, as: UInt32.self))
            let captured = unsafe Int(packet.load(fromByteOffset: 12, as: UInt32.self))
            let length = unsafe Int(packet.load(fromByteOffset: 16, as: UInt32.self))
            let start = unsafe Int(packet.load(fromByteOffset: 26, as: UInt16.self))
            packets += 1
            let head = PacketHead(
                time: Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds), linkType: .raw, originalLength: length,
                number: packets)
            let bytes = unsafe UnsafeRawBufferPointer(start: packet + start, count: captured)
            body(head, unsafe bytes.bindMemory(to: UInt8.self).span)
            unsafe packet += Int(packet.load(as: UInt32.self))
        }
        unsafe ckernel_block_return(block)
        nextBlock = (nextBlock + 1) % Self.blockCount
    }
}
