public import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// The errno of a reset connection, kept out of the handler so that it needs no C library.
enum ResetError {
    static let connectionReset = ECONNRESET
}

/// Options that both ends of every link want.
public enum SocketOptions {
    /// Unsent bytes that the kernel may hold before it stops taking more (FRM-023): a heartbeat is never behind more than these.
    public static let unsentLowWater: CInt = 128 * 1024

    /// Applied to a connected channel. Failing to set an option is not fatal: an old kernel may not know it.
    public static func apply(to channel: any Channel) -> EventLoopFuture<Void> {
        let noDelay = channel.setOption(.tcpOption(.tcp_nodelay), value: 1)
        let halfClose = channel.setOption(.allowRemoteHalfClosure, value: true)
        let lowWater = channel.setOption(
            ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 25)), value: Int(unsentLowWater))
        let highWater = channel.setOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 128 * 1024))
        return EventLoopFuture.andAllComplete([noDelay, halfClose, lowWater, highWater], on: channel.eventLoop)
    }
}
