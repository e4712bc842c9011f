import Foundation
import ProcessTreeBase
import ProcessTreeProcessControl
import Testing

extension ProcessControlTests {
  struct WorkPageTests {
    /// A page, and the same page as a peer sees it.
    private func makePage() throws -> (page: WorkPage, reader: PeerWorkPage) {
      let page = try WorkPage()
      return (page, try PeerWorkPage(page.identity, of: ProcessHandle(pid: getpid())))
    }

    @Test
    func anItemIsReadFromItsBeginToItsEnd() throws {
      let (page, reader) = try makePage()
      let slot = page.slot(0)
      #expect(reader.read(0) == nil)
      for sequence in 1...100 as ClosedRange<UInt64> {
        let notes = slot.begin(channel: 7, sequence: sequence, attempt: 2)
        var entry = WorkEntry(channel: 7, sequence: sequence, attempt: 2)
        #expect(reader.read(0) == entry)
        for offset in [0, UInt32(sequence), .max] {
          notes.note(offset)
          entry.elementOffset = offset
          #expect(reader.read(0) == entry)
        }
        // Every third is followed by the next without having been ended.
        if sequence % 3 != 0 {
          slot.end()
          #expect(reader.read(0) == nil)
          slot.end()
          #expect(reader.read(0) == nil)
        }
      }
    }

    @Test
    func endingWhatNeverBeganSaysNothing() throws {
      let (page, reader) = try makePage()
      page.slot(5).end()
      #expect(reader.read(5) == nil)
      page.slot(5).begin(channel: 0, sequence: 0, attempt: 0)
      #expect(reader.read(5) == WorkEntry(channel: 0, sequence: 0, attempt: 0))
    }

    /// A thread may note an element of an item when another one has begun in the slot.
    @Test
    func aLateNoteOfAnElementHitsNoOtherItem() throws {
      let (page, reader) = try makePage()
      let slot = page.slot(1)
      var notes: [ElementNotes] = []
      for sequence in 1...9 as ClosedRange<UInt64> {
        notes.append(slot.begin(channel: 1, sequence: sequence, attempt: 1))
        for late in notes.dropLast() { late.note(7) }
        #expect(reader.read(1)?.elementOffset == nil)
        notes[notes.count - 1].note(UInt32(sequence))
        #expect(
          reader.read(1)
            == WorkEntry(
              channel: 1, sequence: sequence, attempt: 1, elementOffset: UInt32(sequence)))
      }
      slot.end()
      notes[notes.count - 1].note(1)
      #expect(reader.read(1) == nil)
    }

    @Test
    func slotsAreApart() throws {
      let (page, reader) = try makePage()
      for index in 0..<WorkPage.slotCount {
        let slot = page.slot(index)
        slot.begin(channel: .max, sequence: .max, attempt: .max).note(UInt32(index))
      }
      for index in stride(from: 0, to: WorkPage.slotCount, by: 2) { page.slot(index).end() }
      for index in 0..<WorkPage.slotCount {
        #expect(reader.read(index)?.elementOffset == (index % 2 == 0 ? nil : UInt32(index)))
      }
      #expect(reader.read(-1) == nil)
      #expect(reader.read(WorkPage.slotCount) == nil)
    }

    /// Every state that a writer can be killed in, made by hand: a begin stores a zero mark, three
    /// words and the new mark, in this order.
    @Test
    func aBeginCutShortAnywhereLeavesTheItemBefore() throws {
      let region = try SharedRegion(byteCount: 4096)
      let handle = try ProcessHandle(pid: getpid())
      let reader = try PeerWorkPage(region.identity, of: handle)
      let words = region.memory.assumingMemoryBound(to: UInt64.self)
      // What two begins leave behind, by a real page.
      let (page, real) = try makePage()
      let copy = try PeerRegion(page.identity, of: handle)
      page.slot(0).begin(channel: 1, sequence: 11, attempt: 1)
      let before = copy.memory.assumingMemoryBound(to: UInt64.self)[0..<8].map(\.self)
      let first = try #require(real.read(0))
      page.slot(0).begin(channel: 2, sequence: 12, attempt: 1)
      let after = copy.memory.assumingMemoryBound(to: UInt64.self)[0..<8].map(\.self)
      let second = try #require(real.read(0))
      let written = try #require(before[..<4] == after[..<4] ? 4 : 0)
      #expect(before[(4 - written)..<(8 - written)] == after[(4 - written)..<(8 - written)])

      for stores in 0...5 {
        var state = before
        if stores >= 1 { state[written + 3] = 0 }
        for word in 0..<3 where stores >= word + 2 { state[written + word] = after[written + word] }
        if stores == 5 { state[written + 3] = after[written + 3] }
        for (index, word) in state.enumerated() { words[index] = word }
        #expect(reader.read(0) == (stores == 5 ? second : first), "after \(stores) stores")
      }
    }

    @Test
    func aWriterThatIsStoppedOrKilledAnywhereIsUnderstood() throws {
      let fixture = try Fixture("work")
      try fixture.wait(for: "page")
      let identity = try fixture.identity("page")
      let writer = try ProcessHandle(pid: identity.pid)
      // It may be stopped when something fails, and would stay so without end.
      defer { try? writer.send(SIGKILL) }
      let reader = try PeerWorkPage(identity, of: writer)
      let slot = WorkPage.slotCount - 1
      var last: UInt64 = 0
      func check(_ entry: WorkEntry?) throws {
        let entry = try #require(entry)
        let sequence = entry.sequence
        let expected = WorkEntry(
          channel: ~sequence, sequence: sequence, attempt: UInt32(truncatingIfNeeded: sequence),
          // It may not have been noted yet.
          elementOffset: entry.elementOffset.map { _ in UInt32(truncatingIfNeeded: sequence &* 3) })
        #expect(entry == expected)
        #expect(sequence >= last)
        last = sequence
      }
      while reader.read(slot) == nil { usleep(100) }
      for _ in 0..<300 {
        // At full speed the writer may be too fast for a reader, but never fools it.
        for _ in 0..<200 { if let entry = reader.read(slot) { try check(entry) } }
        try writer.send(SIGSTOP)
        while !isStopped(identity.pid) { usleep(20) }
        try check(reader.read(slot))
        try writer.send(SIGCONT)
      }
      try writer.send(SIGKILL)
      #expect(fixture.exitCode() == -SIGKILL)
      #expect(writer.hasEnded)
      let final = reader.read(slot)
      try check(final)
      #expect(reader.read(slot) == final)
      #expect(reader.read(0) == nil)
    }

    @Test
    func aRegionOfAnotherSizeIsNoWorkPage() throws {
      let region = try SharedRegion(byteCount: 8192)
      #expect(throws: SharedMemoryError.wrongSize(8192)) {
        try PeerWorkPage(region.identity, of: ProcessHandle(pid: getpid()))
      }
    }

    private func isStopped(_ pid: Int32) -> Bool {
      let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      guard let end = stat.lastIndex(of: ")") else { return false }
      return stat[end...].dropFirst(2).first == "T"
    }
  }
}

extension Fixture {
  /// An identity that it has reported.
  func identity(_ key: String) throws -> SharedRegionIdentity {
    let words = try #require(self[key]).split(separator: " ")
    try #require(words.count == 4)
    return SharedRegionIdentity(
      pid: try #require(Int32(words[0])), descriptor: try #require(Int32(words[1])),
      inode: try #require(UInt64(words[2])), byteCount: try #require(Int(words[3])))
  }
}
