import ClusterModel
import NIOCore
import NIOPosix
import WireFormat

/// Packs the chunks of snapshots on a thread of its own: the node's loop goes on with everything else meanwhile.
final class ChunkPacker {
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let loop: any EventLoop
    /// Bytes of row blocks that are packed a second; what one core of a usual machine does until it was measured on this one.
    private(set) var bytesPerSecond = 100e6

    init(loop: any EventLoop) {
        self.loop = loop
        pool.start()
    }

    /// Chunks come back in the order in which they were given, on the event loop.
    func pack(number: UInt32, nextBucket: UInt16, codec: Codec, raw: [UInt8], completion: @escaping (SnapChunk) -> Void) {
        let bound = NIOLoopBound((self, completion), eventLoop: loop)
        let loop = loop
        pool.submit { _ in
            let start = NIODeadline.now()
            let chunk = ChunkCodec.chunk(number: number, nextBucket: nextBucket, codec: codec, raw: raw)
            let time = NIODeadline.now() - start
            loop.execute {
                let (packer, completion) = bound.value
                if codec != .none { packer.note(bytes: raw.count, in: time) }
                completion(chunk)
            }
        }
    }

    private func note(bytes: Int, in time: TimeAmount) {
        let sample = Double(bytes) * 1e9 / Double(max(time.nanoseconds, 1))
        bytesPerSecond += 0.2 * (sample - bytesPerSecond)
    }

    /// Ends the thread, then runs `completion` on the event loop.
    func stop(_ completion: @escaping () -> Void) {
        let bound = NIOLoopBound(completion, eventLoop: loop)
        let loop = loop
        pool.shutdownGracefully { _ in loop.execute { bound.value() } }
    }
}
