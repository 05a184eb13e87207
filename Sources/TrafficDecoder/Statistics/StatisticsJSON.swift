internal import PacketCapture

extension TrafficStatistics {
    /// One JSON object (`spec/wiredump.schema.json`, "statistics"). Times in nanoseconds.
    package var json: String {
        var out = TextBuffer()
        out.write("{\"kind\":\"statistics\",\"frames\":\(frames),\"links\":\(links),\"nanoseconds\":\(max(0, elapsed))")
        out.write(
            ",\"gaps\":\(gaps),\"gapBytes\":\(gapBytes),\"missingFrames\":\(missingFrames),\"skippedBytes\":\(skippedBytes)")
        out.write(",\"handshakes\":")
        out.write(handshakes)
        out.write(",\"pairs\":[")
        var isFirst = true
        for (pair, sent) in pairs {
            if !isFirst { out.write(byte: 0x2C) }
            isFirst = false
            write(pair, sent, to: &out)
        }
        out.write("],\"pauses\":[")
        for (index, gap) in longestPauses.enumerated() {
            if index > 0 { out.write(byte: 0x2C) }
            out.write("{\"direction\":")
            out.write(json: gap.label.span)
            out.write(",\"time\":\"")
            out.write(nanoseconds: gap.start.nanoseconds)
            out.write("\",\"nanoseconds\":\(gap.nanoseconds),\"bytesByLane\":\(gap.bytesByLane)}")
        }
        out.write("],\"violations\":{")
        for (index, entry) in violations.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { out.write(byte: 0x2C) }
            out.write(json: Array(entry.key.utf8).span)
            out.write(":\(entry.value)")
        }
        out.write("}}\n")
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func write(_ pair: Pair, _ sent: DirectionStatistics, to out: inout TextBuffer) {
        out.write("{\"from\":")
        out.write(json: pair.from.span)
        out.write(",\"to\":")
        out.write(json: pair.to.span)
        out.write(",\"types\":{")
        var isFirst = true
        for index in sent.counts.indices where sent.counts[index].frames > 0 {
            if !isFirst { out.write(byte: 0x2C) }
            isFirst = false
            let name = index < schema.messages.count ? schema.messages[index].name : "unknown"
            out.write("\"\(name)\":{\"frames\":\(sent.counts[index].frames),\"bytes\":\(sent.counts[index].bytes)}")
        }
        out.write("},\"pings\":\(sent.pings),\"pauses\":\(sent.gapCount),\"intervals\":")
        out.write(sent.intervals)
        out.write(",\"roundTrips\":")
        out.write(sent.roundTrips)
        out.write(",\"applied\":")
        out.write(sent.applied)
        out.write(",\"durable\":")
        out.write(sent.durable)
        out.write(",\"packedBytes\":\(sent.packedBytes),\"rawBytes\":\(sent.rawBytes)")
        out.write(",\"creditStalls\":\(sent.stalls),\"creditStallNanoseconds\":\(sent.stalledTime)}")
    }
}

extension TextBuffer {
    fileprivate mutating func write(_ histogram: DurationHistogram) {
        write(
            "{\"count\":\(histogram.count),\"p50\":\(histogram.quantile(0.5)),\"p99\":\(histogram.quantile(0.99)),\"max\":\(histogram.longest)}"
        )
    }
}
