import NIOCore
import Synchronization

/// What has come and nobody has taken yet. One task takes; whoever takes waits a bounded time.
final class Inbox<Element: Sendable>: Sendable {
    private struct Waiter {
        var continuation: CheckedContinuation<Element?, Never>
        /// Which wait this is: the alarm of an old one must not end a new one.
        var number: Int
    }

    private struct State {
        var elements: [Element] = []
        var waiter: Waiter?
        var waits = 0
    }

    private let state = Mutex(State())
    private let loop: any EventLoop

    init(on loop: any EventLoop) { self.loop = loop }

    func put(_ element: Element) {
        let waiter = state.withLock { state -> Waiter? in
            if let waiter = state.waiter.take() { return waiter }
            state.elements.append(element)
            return nil
        }
        waiter?.continuation.resume(returning: element)
    }

    /// The next element, or nil when none came in time.
    func next(within time: Duration) async -> Element? {
        await withCheckedContinuation { continuation in wait(continuation, atMost: time) }
    }

    private func wait(_ continuation: CheckedContinuation<Element?, Never>, atMost time: Duration) {
        let (element, number) = state.withLock { state -> (Element?, Int) in
            state.waits += 1
            if !state.elements.isEmpty { return (state.elements.removeFirst(), state.waits) }
            state.waiter = Waiter(continuation: continuation, number: state.waits)
            return (nil, state.waits)
        }
        if let element { return continuation.resume(returning: element) }
        loop.scheduleTask(in: .nanoseconds(time.wholeNanoseconds)) { self.giveUp(number) }
    }

    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state in state.waiter?.number == number ? state.waiter.take() : nil }
        waiter?.continuation.resume(returning: nil)
    }
}

extension Duration {
    var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }

    /// As people write it: `5.2 ms`, `1.25 s`.
    var text: String {
        let milliseconds = Double(wholeNanoseconds) / 1_000_000
        if milliseconds < 1000 { return "\((milliseconds * 10).rounded() / 10) ms" }
        return "\((milliseconds / 10).rounded() / 100) s"
    }
}
