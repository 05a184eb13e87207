import Testing

@testable import tablewire_bench

@Suite struct DelayQueueTests {
    @Test func nothingComesOutBeforeItIsDue() {
        var queue = DelayQueue<String>(capacity: 4, delay: .milliseconds(10))
        #expect(queue.nextDue == nil)
        queue.push("a", at: 5)
        queue.push("b", at: 7)
        #expect(queue.nextDue == 10_000_005)
        #expect(queue.pop(at: 10_000_004) == nil)
        #expect(queue.pop(at: 10_000_005) == "a")
        #expect(queue.pop(at: 10_000_005) == nil)
        #expect(queue.nextDue == 10_000_007)
        #expect(queue.pop(at: 10_000_100) == "b")
        #expect(queue.pop(at: .max) == nil)
    }

    @Test func withoutADelayItIsDueAtOnce() {
        var queue = DelayQueue<Int>(capacity: 1, delay: .zero)
        queue.push(1, at: 3)
        #expect(queue.pop(at: 3) == 1)
    }

    @Test func whatFindsNoRoomIsLostAndCounted() {
        var queue = DelayQueue<Int>(capacity: 2, delay: .zero)
        for number in 1...4 { queue.push(number, at: 0) }
        #expect(queue.count == 2)
        #expect(queue.drops == 2)
        #expect(queue.pop(at: 0) == 1)
        queue.push(5, at: 0)
        #expect(queue.drops == 2)
        #expect([queue.pop(at: 0), queue.pop(at: 0), queue.pop(at: 0)] == [2, 5, nil])
    }

    @Test func theOrderStaysAllAroundTheRing() {
        var queue = DelayQueue<Int>(capacity: 3, delay: .nanoseconds(1))
        var out: [Int] = []
        for number in 0..<100 {
            queue.push(number, at: UInt64(number))
            if number % 3 != 0, let next = queue.pop(at: .max) { out.append(next) }
        }
        while let next = queue.pop(at: .max) { out.append(next) }
        #expect(out == out.sorted())
        #expect(out.count + queue.drops == 100)
    }
}
