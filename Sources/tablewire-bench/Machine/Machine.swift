import Foundation
import Glibc

/// What the kernel says about this machine.
enum Machine {
    /// The load average of the last minute.
    static var load: Double {
        let text = contents("/proc/loadavg")
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    /// Bytes that came out of the loopback interface so far: with headers, whoever sent them.
    static var loopbackBytes: Int {
        for line in contents("/proc/net/dev").split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == "lo" else { continue }
            return parts[1].split(separator: " ").first.flatMap { Int($0) } ?? 0
        }
        return 0
    }

    /// CPU seconds that all processes together used since the machine started.
    static var busySeconds: Double {
        let line = contents("/proc/stat").split(separator: "\n").first ?? ""
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count == 8 else { return 0 }
        return (ticks.reduce(0, +) - ticks[3] - ticks[4]) / ticksPerSecond
    }

    static let ticksPerSecond = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    static let cores = max(ProcessInfo.processInfo.activeProcessorCount, 1)

    static var processorName: String {
        let line = contents("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
    }

    static var kernel: String {
        contents("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The system clock, milliseconds since 1970.
    static var milliseconds: UInt64 { UInt64(max(Date().timeIntervalSince1970 * 1000, 0)) }

    static var memoryMebibytes: Int { Int(ProcessInfo.processInfo.physicalMemory / (1 << 20)) }

    static func contents(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
