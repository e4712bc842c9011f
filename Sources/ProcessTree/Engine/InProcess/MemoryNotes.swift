internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeWire
internal import Synchronization

/// The twin of a receiver's place on a work page: the senders of its items read it where it is.
final class MemoryNotes: WorkNotes {
  private struct State {
    var flow: UInt64 = 0
    /// The upper half of the note about the present item.
    var mark: UInt64 = 0
    var sequence: UInt64?
  }

  /// Keeps the word as long as somebody may note in it.
  private final class Word: Sendable {
    // Sendable: the word is atomic. Allocated, because it needs a fixed address.
    nonisolated(unsafe) let pointer: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
      pointer = .allocate(capacity: 1)
      pointer.initialize(to: Atomic(0))
    }

    deinit {
      pointer.deinitialize(count: 1)
      pointer.deallocate()
    }
  }

  let number: Int
  private let state = Lock(State())
  private let word = Word()

  init(number: Int) { self.number = number }

  func begin(flow: UInt64, sequence: UInt64, attempt: UInt8) -> ElementNotes {
    let mark = state.withLock { state in
      state.flow = flow
      state.mark += 1
      state.sequence = sequence
      return state.mark
    }
    return ElementNotes(UnsafePointer(word.pointer), tag: mark << 32, owner: word)
  }

  func end() { state.withLock { $0.sequence = nil } }

  func read(flow: UInt64) -> WorkNote? {
    state.withLock { state in
      guard state.flow == flow, let sequence = state.sequence else { return nil }
      let noted = word.pointer.pointee.load(ordering: .relaxed)
      let offset = noted >> 32 == state.mark ? UInt32(truncatingIfNeeded: noted) : nil
      return WorkNote(sequence: sequence, elementOffset: offset)
    }
  }
}

/// The notes of the receivers of nodes that share a process.
struct MemoryNotesTable {
  private var notes: [Int32: [TicketID: MemoryNotes]] = [:]
  private var last = 0

  mutating func take(for ticket: TicketID, of pid: Int32) -> MemoryNotes {
    last += 1
    let made = MemoryNotes(number: last)
    notes[pid, default: [:]][ticket] = made
    return made
  }

  mutating func release(_ ticket: TicketID, of pid: Int32) { notes[pid]?[ticket] = nil }

  mutating func forget(_ pid: Int32) { notes[pid] = nil }

  /// The name under which senders find a receiver's notes.
  func name(of ticket: TicketID, _ pid: Int32) -> (page: SharedMemoryName?, slot: Int) {
    guard let found = notes[pid]?[ticket] else { return (nil, 0) }
    return (SharedMemoryName(pid: pid, descriptor: 0, inode: 0, size: 0), found.number)
  }

  func reader(of page: SharedMemoryName, slot: Int, flow: UInt64) -> (() -> WorkNote?)? {
    guard let found = notes[page.pid]?.values.first(where: { $0.number == slot }) else {
      return nil
    }
    return { found.read(flow: flow) }
  }
}

extension ChannelHub {
  private var pid: Int32 { runtime.identity.pid }

  /// The place where a receiver notes what it works on; nil if there is none to be had.
  func takeWorkPlace(for ticket: TicketID) -> (any WorkNotes)? {
    guard let nodes = runtime.nodes else { return workPlaces.take(for: ticket) }
    return nodes.has(.memory, pid) ? nil : nodes.notes.take(for: ticket, of: pid)
  }

  func releaseWorkPlace(of ticket: TicketID) {
    workPlaces.release(ticket)
    runtime.nodes?.notes.release(ticket, of: pid)
  }

  func nameOfWorkPlace(of ticket: TicketID) -> (page: SharedMemoryName?, slot: Int) {
    runtime.nodes?.notes.name(of: ticket, pid) ?? workPlaces.name(of: ticket)
  }

  /// Reads what a receiver of this node's items works on.
  func reader(of page: SharedMemoryName, slot: Int, flow: UInt64) -> (() -> WorkNote?)? {
    guard let nodes = runtime.nodes else {
      return WorkPlaces.reader(of: page, slot: slot, flow: flow)
    }
    return nodes.notes.reader(of: page, slot: slot, flow: flow)
  }
}
