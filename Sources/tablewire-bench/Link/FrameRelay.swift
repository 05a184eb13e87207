import CKernel
import Foundation
import Glibc
import Synchronization

/// Passes Ethernet frames between two TAP devices, each a while after it came: a long wire, for a kernel that cannot delay.
final class FrameRelay: Sendable {
    /// A quarter of a second of full frames at 100 Mbit/s; what does not fit is lost, as in a router.
    private static let capacity = 2048
    private static let largestFrame = 2048
    /// How long the thread waits at most before it looks whether it shall end, in nanoseconds.
    private static let longestWait: UInt64 = 100_000_000

    private let descriptors: [Int32]
    private let delay: Duration
    private let isOver = Atomic(false)
    private let lost = Atomic(0)

    /// Frames that found no room.
    var drops: Int { lost.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - names: of the two devices, which are made here and vanish with this process.
    ///   - delay: of each direction.
    init(between names: (String, String), delay: Duration) throws {
        var descriptors: [Int32] = []
        for name in [names.0, names.1] {
            let descriptor = unsafe open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
            if descriptor >= 0 { descriptors.append(descriptor) }
            guard descriptor >= 0, unsafe ckernel_make_tap(descriptor, name) == 0 else {
                let reason = unsafe String(cString: strerror(errno))
                for descriptor in descriptors { close(descriptor) }
                throw MeasurementError("cannot make the TAP device \(name): \(reason)")
            }
        }
        self.descriptors = descriptors
        self.delay = delay
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.start()
    }

    /// The devices vanish soon after.
    func stop() { isOver.store(true, ordering: .relaxed) }

    private static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The thread: sleeps in the kernel until a frame comes or is due.
    private func run() {
        defer { for descriptor in descriptors { close(descriptor) } }
        var queues = descriptors.map { _ in DelayQueue<[UInt8]>(capacity: Self.capacity, delay: delay) }
        var buffer = [UInt8](repeating: 0, count: Self.largestFrame)
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while !isOver.load(ordering: .relaxed) {
            let now = Self.now
            let due = queues.compactMap(\.nextDue).min() ?? .max
            let wait = due <= now ? 0 : min(due - now, Self.longestWait)
            _ = unsafe ckernel_poll(&polled, UInt32(polled.count), wait)
            for side in polled.indices {
                if polled[side].revents != 0 { read(from: side, &buffer, into: &queues[side]) }
                deliver(&queues[side], to: descriptors[1 - side])
            }
            lost.store(queues.reduce(0) { $0 + $1.drops }, ordering: .relaxed)
        }
    }

    /// Everything that is there now.
    private func read(from side: Int, _ buffer: inout [UInt8], into queue: inout DelayQueue<[UInt8]>) {
        for _ in 0..<64 {
            let count = unsafe Glibc.read(descriptors[side], &buffer, Self.largestFrame)
            guard count > 0 else { return }
            queue.push(Array(buffer[..<count]), at: Self.now)
        }
    }

    private func deliver(_ queue: inout DelayQueue<[UInt8]>, to descriptor: Int32) {
        let now = Self.now
        while let frame = queue.pop(at: now) {
            // A device that is down takes nothing: the frame is lost, as on a wire that is not plugged in.
            _ = unsafe Glibc.write(descriptor, frame, frame.count)
        }
    }
}
