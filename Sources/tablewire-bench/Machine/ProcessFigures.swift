import Foundation
import Glibc

/// What the kernel counts about one process.
struct ProcessFigures: Sendable {
    let id: Int32

    static let own = ProcessFigures(id: getpid())

    /// Highest resident size since the start or the last `resetPeak`, MiB.
    var peakMemory: Double { mebibytes("VmHWM") }
    /// Resident size now, MiB.
    var memory: Double { mebibytes("VmRSS") }

    /// User and system seconds so far, of all threads.
    var cpuSeconds: Double {
        let text = Machine.contents("/proc/\(id)/stat")
        // The name in front may hold blanks; it ends with the last parenthesis.
        guard let end = text.lastIndex(of: ")") else { return 0 }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Machine.ticksPerSecond
    }

    /// Forgets the highest resident size so far.
    func resetPeak() {
        let descriptor = unsafe open("/proc/\(id)/clear_refs", O_WRONLY)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = unsafe write(descriptor, "5", 1)
    }

    private func mebibytes(_ name: String) -> Double {
        let line = Machine.contents("/proc/\(id)/status").split(separator: "\n").first { $0.hasPrefix(name + ":") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }
        return (kibibytes ?? 0) / 1024
    }
}

/// Processor time of this process.
enum ProcessorClock {
    /// User and system seconds of all threads so far.
    static var seconds: Double { seconds(of: RUSAGE_SELF) }
    /// The same of all descendants that were waited for.
    static var secondsOfChildren: Double { seconds(of: RUSAGE_CHILDREN) }

    private static func seconds(of whom: __rusage_who) -> Double {
        var usage = rusage()
        unsafe getrusage(whom.rawValue, &usage)
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}

/// Wall clock time of one piece of work.
struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double { (ContinuousClock.now - start).seconds }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
