extension CaptureReader {
    /// The file begins with a Section Header Block, as its first four bytes said.
    mutating func readFirstSection() throws(CaptureError) {
        guard let block = try readBlockHead() else { throw cutShort(at: 0) }
        try readWhole(block)
        try readSection(block)
        window.drop(block.length)
    }

    mutating func nextPcapngPacket(_ body: (PacketHead, Span<UInt8>) -> Void) throws(CaptureError) -> Bool {
        while let block = try readBlockHead() {
            guard let type = PcapngBlockType(rawValue: block.type) else {
                summary.unknownBlocks += 1
                try skip(block)
                continue
            }
            var isDelivered = false
            switch type {
            case .nameResolution, .systemdJournal, .custom, .customPrivate:
                summary.skippedBlocks += 1
                try skip(block)
                continue
            case .decryptionSecrets where block.length > Limits.secretBytes:
                summary.secretsLeftOut += 1
                try skip(block)
                continue
            case .enhancedPacket, .packet:
                try readWhole(block)
                isDelivered = try readPacket(block, isObsolete: type == .packet, body)
            case .simplePacket:
                try readWhole(block)
                isDelivered = try readSimplePacket(block, body)
            case .sectionHeader:
                try readWhole(block)
                try readSection(block)
            case .interfaceDescription:
                try readWhole(block)
                try readInterface(block)
            case .interfaceStatistics:
                try readWhole(block)
                try readStatistics(block)
            case .decryptionSecrets:
                try readWhole(block)
                try readSecrets(block)
            }
            window.drop(block.length)
            if isDelivered { return true }
        }
        return false
    }

    // MARK: Blocks

    /// - Returns: nil at the end.
    private mutating func readBlockHead() throws(CaptureError) -> PcapngBlock? {
        guard try window.fill(12) else {
            try checkEnd()
            return nil
        }
        let offset = window.offset
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        if bytes.bigEndian(at: 0, as: UInt32.self) == PcapngSection.headerType {
            // Everything in the section is in its order, this block too.
            switch bytes.integer(at: 8, as: UInt32.self) {
            case PcapngSection.byteOrderMagic: section.isSwapped = false
            case PcapngSection.byteOrderMagic.byteSwapped: section.isSwapped = true
            default: throw malformed(at: offset + 8, "no byte-order magic in a section's header")
            }
        }
        let block = PcapngBlock(type: number(bytes, 0), length: Int(number(bytes, 4) as UInt32), offset: offset)
        guard block.length >= 12, block.length % 4 == 0, block.length <= Limits.block else {
            throw malformed(
                at: offset + 4, "a block of \(block.length) bytes; it must be a multiple of 4 from 12 to \(Limits.block)")
        }
        return block
    }

    /// Waits until all of a block is in the window.
    @inline(__always)
    private mutating func readWhole(_ block: PcapngBlock) throws(CaptureError) {
        guard block.length <= Limits.readBlock else {
            throw malformed(at: block.offset + 4, "a block of \(block.length) bytes; at most \(Limits.readBlock) can be read")
        }
        guard try window.fill(block.length) else { throw cutShort(at: block.offset) }
        let memory = unsafe window.bytes
        try checkEnd(of: block, unsafe number(memory.span, block.length - 4))
    }

    private mutating func skip(_ block: PcapngBlock) throws(CaptureError) {
        guard try window.skip(block.length - 4), try window.fill(4) else { throw cutShort(at: block.offset) }
        let memory = unsafe window.bytes
        try checkEnd(of: block, unsafe number(memory.span, 0))
        window.drop(4)
    }

    @inline(__always)
    private func checkEnd(of block: PcapngBlock, _ length: UInt32) throws(CaptureError) {
        guard length == UInt32(block.length) else {
            throw malformed(
                at: block.offset + block.length - 4,
                "a block that began with a length of \(block.length) ends with one of \(length)")
        }
    }

    @inline(__always)
    private func number<Value: FixedWidthInteger>(_ bytes: Span<UInt8>, _ offset: Int) -> Value {
        let value: Value = bytes.integer(at: offset)
        return section.isSwapped ? value.byteSwapped : value
    }

    private func require(_ length: Int, _ block: PcapngBlock, _ what: String) throws(CaptureError) {
        guard block.length >= length else {
            throw malformed(at: block.offset + 4, "\(what) of \(block.length) bytes; at least \(length) are needed")
        }
    }

    // MARK: What blocks hold

    private mutating func readSection(_ block: PcapngBlock) throws(CaptureError) {
        try require(28, block, "a section's header")
        let memory = unsafe window.bytes
        let major: UInt16 = unsafe number(memory.span, 12)
        guard major == 1 else {
            throw .unsupported(file: window.source.name, what: "pcapng of version \(major); convert it: editcap FILE NEW")
        }
        summary.sections += 1
        section.interfaces = []
    }

    private mutating func readInterface(_ block: PcapngBlock) throws(CaptureError) {
        try require(20, block, "an interface")
        guard section.interfaces.count < Limits.interfaces else {
            throw malformed(at: block.offset, "more than \(Limits.interfaces) interfaces in a section")
        }
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        var interface = PcapngSection.Interface(
            linkType: LinkType(rawValue: number(bytes, 8)), snapLength: Int(number(bytes, 12) as UInt32))
        var offset: Int64 = 0
        walkOptions(bytes, 16..<(block.length - 4)) { code, value in
            switch (code, value.count) {
            case (9, 1): interface.scale = TickScale(resolution: bytes[value.lowerBound])
            case (14, 8): offset = number(bytes, value.lowerBound)
            default: break
            }
        }
        interface.scale.offset = offset
        section.interfaces.append(interface)
        summary.interfaces += 1
    }

    /// - Returns: whether it was delivered.
    @inline(__always)
    private mutating func readPacket(
        _ block: PcapngBlock, isObsolete: Bool, _ body: (PacketHead, Span<UInt8>) -> Void
    ) throws(CaptureError) -> Bool {
        try require(32, block, "a packet")
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        let captured = Int(number(bytes, 20) as UInt32)
        let end = 28 + captured
        guard captured <= Limits.packet, end <= block.length - 4 else {
            throw malformed(at: block.offset + 20, "a packet of \(captured) bytes in a block of \(block.length)")
        }
        let index = isObsolete ? Int(number(bytes, 8) as UInt16) : Int(number(bytes, 8) as UInt32)
        guard index < section.interfaces.count else {
            summary.packetsWithoutInterface += 1
            return false
        }
        let options = ((end + 3) & ~3)..<max((end + 3) & ~3, block.length - 4)
        if isObsolete || !options.isEmpty { countDrops(bytes, options, isObsolete, index) }
        let ticks = UInt64(number(bytes, 12) as UInt32) << 32 | UInt64(number(bytes, 16) as UInt32)
        let time = section.interfaces[index].scale.time(ticks)
        section.lastTime = time
        let original = Int(number(bytes, 24) as UInt32)
        deliver(28..<end, originalLength: original, time, section.interfaces[index].linkType, body)
        return true
    }

    private mutating func countDrops(_ bytes: Span<UInt8>, _ options: Range<Int>, _ isObsolete: Bool, _ index: Int) {
        var dropped: UInt64 = 0
        if isObsolete {
            let count: UInt16 = number(bytes, 10)
            // The largest says that nobody knows.
            dropped = count == .max ? 0 : UInt64(count)
        } else {
            walkOptions(bytes, options) { code, value in
                if code == 4, value.count == 8 { dropped = number(bytes, value.lowerBound) }
            }
        }
        if dropped > 0 { changeDrops(of: index) { $0.dropped(between: dropped) } }
    }

    private mutating func readSimplePacket(
        _ block: PcapngBlock, _ body: (PacketHead, Span<UInt8>) -> Void
    ) throws(CaptureError) -> Bool {
        try require(16, block, "a simple packet")
        let memory = unsafe window.bytes
        let original = unsafe Int(number(memory.span, 8) as UInt32)
        guard let interface = section.interfaces.first else {
            summary.packetsWithoutInterface += 1
            return false
        }
        let limit = interface.snapLength == 0 ? Int.max : interface.snapLength
        let captured = min(original, limit, block.length - 16)
        guard captured <= Limits.packet else {
            throw malformed(at: block.offset + 8, "a packet of \(captured) bytes; at most \(Limits.packet) can be")
        }
        deliver(12..<(12 + captured), originalLength: original, section.lastTime, interface.linkType, body)
        return true
    }

    private mutating func readStatistics(_ block: PcapngBlock) throws(CaptureError) {
        try require(24, block, "an interface's statistics")
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        let index = Int(number(bytes, 8) as UInt32)
        var dropped: UInt64 = 0
        walkOptions(bytes, 20..<(block.length - 4)) { code, value in
            // Dropped by the interface, and by the system.
            guard code == 5 || code == 7, value.count == 8 else { return }
            let (sum, overflow) = dropped.addingReportingOverflow(number(bytes, value.lowerBound))
            dropped = overflow ? .max : sum
        }
        guard index < section.interfaces.count else { return }
        changeDrops(of: index) { $0.dropped(until: dropped) }
    }

    private mutating func changeDrops(of index: Int, _ change: (inout PcapngSection.Interface) -> Void) {
        let before = section.interfaces[index].dropped
        change(&section.interfaces[index])
        let (sum, overflow) = summary.droppedPackets.addingReportingOverflow(section.interfaces[index].dropped - before)
        summary.droppedPackets = overflow ? .max : sum
    }

    private mutating func readSecrets(_ block: PcapngBlock) throws(CaptureError) {
        try require(20, block, "secrets")
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        let length = Int(number(bytes, 12) as UInt32)
        guard length <= block.length - 20 else {
            throw malformed(at: block.offset + 12, "secrets of \(length) bytes in a block of \(block.length)")
        }
        guard secretBytes + max(64, length) <= Limits.secretBytes else {
            summary.secretsLeftOut += 1
            return
        }
        secretBytes += max(64, length)
        summary.secrets.append(CaptureSecrets(type: number(bytes, 8), bytes: bytes.array(16..<(16 + length))))
    }

    /// Calls `body` with the code of each option and where its value stands. What does not fit ends them: they only add to what
    /// the block says.
    private func walkOptions(_ bytes: Span<UInt8>, _ range: Range<Int>, _ body: (UInt16, Range<Int>) -> Void) {
        var offset = range.lowerBound
        while range.upperBound - offset >= 4 {
            let code: UInt16 = number(bytes, offset)
            let length = Int(number(bytes, offset + 2) as UInt16)
            guard code != 0, length <= range.upperBound - offset - 4 else { return }
            body(code, (offset + 4)..<(offset + 4 + length))
            offset += 4 + (length + 3) & ~3
        }
    }
}
