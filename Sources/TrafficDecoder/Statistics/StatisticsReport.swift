internal import PacketCapture
internal import ProgramTerminal

extension TrafficStatistics {
    /// Tables for people.
    package func report(coloured: Bool) -> String {
        var lines = overview
        lines += section("TRAFFIC", traffic.lines(colored: coloured))
        lines += section("HEARTBEATS", heartbeats.lines(colored: coloured))
        lines += section("INTERVALS BETWEEN PINGS", intervalChart)
        lines += section("PAUSES LONGER THAN THE DEADLINE", pauses)
        lines += section("REPLICATION LAG", lag.lines(colored: coloured))
        lines += section("SNAPSHOTS AND CREDIT", bulk.lines(colored: coloured))
        lines += section("BROKEN RULES", brokenRules)
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.count > (title.hasPrefix("INTERVALS") || title.hasPrefix("PAUSES") || title.hasPrefix("BROKEN") ? 0 : 1)
            ? ["", title] + lines : []
    }

    private var overview: [String] {
        let bytes = pairs.reduce(0) { $0 + $1.statistics.counts.reduce(0) { $0 + $1.bytes } }
        var lines = [
            "\(Quantity.count(frames, "frame")), \(Quantity.bytes(UInt64(bytes))) on \(Quantity.count(links, "link")) in \(Self.seconds(elapsed))"
        ]
        if handshakes.count > 0 {
            lines.append(
                "\(Quantity.count(handshakes.count, "handshake")): median \(Self.time(handshakes.quantile(0.5))), longest \(Self.time(handshakes.longest))"
            )
        }
        if gaps > 0 || skippedBytes > 0 {
            lines.append(
                "\(Quantity.count(gaps, "gap")): \(Quantity.count(gapBytes, "byte")) not in the capture, \(Quantity.count(missingFrames, "frame")) missing, \(Quantity.count(skippedBytes, "byte")) passed over"
            )
        }
        return lines
    }

    /// Nanoseconds from the first frame to the last event.
    var elapsed: Int64 { (end?.nanoseconds ?? 0) - (start?.nanoseconds ?? 0) }

    // MARK: Tables

    private var traffic: TextTable {
        var table = TextTable(["FROM > TO", "TYPE", "FRAMES", "BYTES", "MEAN", "RATE"])
        for (pair, sent) in pairs {
            for index in sent.counts.indices where sent.counts[index].frames > 0 {
                let count = sent.counts[index]
                let duration = Double(max(1, (sent.last?.nanoseconds ?? 0) - (sent.first?.nanoseconds ?? 0))) / 1e9
                table.append([
                    .init(pair.words), .init(index < schema.messages.count ? schema.messages[index].name : "not registered"),
                    .init(number: count.frames), .init(number: count.bytes),
                    .init(Quantity.bytes(UInt64(count.bytes / count.frames))),
                    .init(sent.last == sent.first ? "" : Quantity.bytes(UInt64(Double(count.bytes) / duration)) + "/s"),
                ])
            }
        }
        return table
    }

    private var heartbeats: TextTable {
        var table = TextTable([
            "FROM > TO", "PINGS", "INTERVAL", "P99", "MAX", "ROUND TRIP", "P99", "MAX", "ANSWERED", "PAUSES",
        ])
        for (pair, sent) in pairs where sent.pings > 0 {
            table.append([
                .init(pair.words), .init(number: sent.pings), .init(Self.time(sent.intervals, 0.5)),
                .init(Self.time(sent.intervals, 0.99)), .init(Self.time(sent.intervals, 1)),
                .init(Self.time(sent.roundTrips, 0.5)), .init(Self.time(sent.roundTrips, 0.99)),
                .init(Self.time(sent.roundTrips, 1)), .init(number: sent.roundTrips.count),
                .init(sent.gapCount == 0 ? "" : Quantity.grouped(sent.gapCount), .bad),
            ])
        }
        return table
    }

    private var lag: TextTable {
        var table = TextTable(["FROM > TO", "ACKNOWLEDGED", "APPLIED", "P99", "MAX", "DURABLE", "P99", "MAX"])
        for (pair, sent) in pairs where sent.applied.count > 0 {
            table.append([
                .init(pair.words), .init(number: sent.applied.count), .init(Self.time(sent.applied, 0.5)),
                .init(Self.time(sent.applied, 0.99)), .init(Self.time(sent.applied, 1)),
                .init(Self.time(sent.durable, 0.5)),
                .init(Self.time(sent.durable, 0.99)),
                .init(Self.time(sent.durable, 1)),
            ])
        }
        return table
    }

    private var bulk: TextTable {
        var table = TextTable(["FROM > TO", "ROWS PACKED", "ROWS RAW", "RATIO", "CREDIT STALLS", "WAITED"])
        for (pair, sent) in pairs where sent.packedBytes > 0 || sent.stalls > 0 {
            table.append([
                .init(pair.words), .init(Quantity.bytes(UInt64(sent.packedBytes))), .init(Quantity.bytes(UInt64(sent.rawBytes))),
                .init(sent.packedBytes == 0 ? "" : Quantity.oneDecimal(Double(sent.rawBytes) / Double(sent.packedBytes))),
                .init(number: sent.stalls), .init(sent.stalls == 0 ? "" : Self.time(sent.stalledTime)),
            ])
        }
        return table
    }

    // MARK: Lines

    /// A bar for each span of intervals; each span is a quarter wider than the one below, empty ones between bars are told once.
    private var intervalChart: [String] {
        var all = DurationHistogram()
        for (_, sent) in pairs { all.add(sent.intervals) }
        guard all.count > 0 else { return [] }
        var bars: [(upper: Int64, count: Int)] = []
        var (lower, upper): (Int64, Int64) = (0, 1_000_000)
        while lower <= all.longest {
            bars.append((upper, all.count(from: lower, below: upper)))
            (lower, upper) = (upper, upper + upper / 4)
        }
        bars.removeFirst(bars.firstIndex { $0.count > 0 } ?? 0)
        let most = bars.map(\.count).max() ?? 1
        let labels = bars.map { "below \(Self.time($0.upper))" }
        let width = labels.map(\.count).max() ?? 0
        var lines: [String] = []
        for (label, bar) in zip(labels, bars) {
            guard bar.count > 0 else {
                if lines.last != Self.none(width) { lines.append(Self.none(width)) }
                continue
            }
            let stroke = String(repeating: "#", count: max(1, bar.count * 50 / most))
            lines.append(
                String(repeating: " ", count: width - label.count) + "\(label) |\(stroke) \(Quantity.grouped(bar.count))")
        }
        return lines
    }

    private static func none(_ width: Int) -> String { String(repeating: " ", count: width - 1) + "… |" }

    /// The longest pauses of all pairs, and what the same end sent meanwhile.
    var longestPauses: [DirectionStatistics.Gap] {
        let all = pairs.flatMap(\.statistics.gaps).sorted { $0.nanoseconds > $1.nanoseconds }
        return Array(all.prefix(DirectionStatistics.mostGaps))
    }

    private var pauses: [String] {
        longestPauses.map { gap in
            let lanes = gap.bytesByLane.indices.filter { gap.bytesByLane[$0] > 0 }.map { lane in
                "\(Quantity.bytes(UInt64(gap.bytesByLane[lane]))) \(schema.lanes[lane])"
            }
            let at = Self.seconds(gap.start.nanoseconds - (start?.nanoseconds ?? 0))
            return
                "\(String(decoding: gap.label, as: UTF8.self)) at \(at): \(Self.time(gap.nanoseconds)) without a PING, meanwhile "
                + (lanes.isEmpty ? "nothing" : lanes.joined(separator: ", "))
        }
    }

    private var brokenRules: [String] {
        violations.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\(Quantity.grouped($0.value))  \($0.key)" }
    }

    // MARK: Numbers

    private static func seconds(_ nanoseconds: Int64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst()) s"
    }

    /// A quantile; nothing where nothing was measured.
    private static func time(_ histogram: DurationHistogram, _ share: Double) -> String {
        histogram.count > 0 ? time(histogram.quantile(share)) : ""
    }

    /// In the unit that leaves one to three digits in front of the point.
    private static func time(_ nanoseconds: Int64) -> String {
        switch nanoseconds {
        case ..<1000: "\(nanoseconds) ns"
        case ..<1_000_000: "\(Quantity.oneDecimal(Double(nanoseconds) / 1e3)) us"
        case ..<1_000_000_000: "\(Quantity.oneDecimal(Double(nanoseconds) / 1e6)) ms"
        default: "\(Quantity.oneDecimal(Double(nanoseconds) / 1e9)) s"
        }
    }
}

extension TrafficStatistics.Pair {
    var words: String { String(decoding: from, as: UTF8.self) + " > " + String(decoding: to, as: UTF8.self) }
}
