internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import Synchronization

/// Keeps what nodes write in files of the run's directory, within a bound for each node.
///
/// Belongs to the loop. A thread of its own writes, so that a slow disk holds nobody up. A piece
/// for which its queue has no room is left out, and the file notes that.
final class OutputKeeper {
  /// The most bytes of a piece, so that a file which is nearly full loses little.
  static let mostBytes = 16 << 10
  /// How many bytes wait for the disk at most, with what it costs to let them wait.
  private static let mostWaiting = 16 << 20
  /// What a piece costs beside its bytes.
  private static let costOfPiece = 512
  /// How many addresses are remembered with their owners.
  private static let mostKnown = 4_096

  private let plan: KeptOutputPlan
  /// Made with the first piece: nodes that write nothing need none.
  private var thread: ThreadExecutor?
  private let shared: Shared
  private let loop: EventLoop
  /// The numbers of the owners' files.
  private var files: [String: Int] = [:]
  private var known: [String: (file: Int, bytes: Int)] = [:]
  private var leftOut = LeftOutput()
  /// Called on the loop when nothing can be kept any more.
  var onFailure: ((String) -> Void)?

  private final class Shared: Sendable {
    let files: Lock<KeptFiles>
    let waiting = Atomic<Int>(0)
    let isOver = Atomic<Bool>(false)

    init(_ files: KeptFiles) { self.files = Lock(files) }
  }

  init(_ plan: KeptOutputPlan, in run: String, on loop: EventLoop) {
    self.plan = plan
    self.loop = loop
    shared = Shared(KeptFiles(in: "\(run)/\(KeptOutput.folder)", most: plan.most))
  }

  func keep(_ output: RunOutput) {
    let place = place(of: output.address)
    guard place.bytes > 0 else { return }
    guard shared.waiting.load(ordering: .relaxed) <= Self.mostWaiting else {
      return leftOut.note(output, of: place.file, keeping: place.bytes)
    }
    if let loss = leftOut.take(of: place.file) { write(loss, to: place) }
    write(output, to: place)
  }

  private func place(of address: String) -> (file: Int, bytes: Int) {
    if let place = known[address] { return place }
    let owner = plan.owner(of: address)
    let file = files[owner.address] ?? files.count + 1
    files[owner.address] = file
    if known.count >= Self.mostKnown { known = [:] }
    known[address] = (file, owner.bytes)
    return (file, owner.bytes)
  }

  /// The thread that writes; nil if none can be made, after which nothing is kept.
  private func writer() -> ThreadExecutor? {
    if let thread { return thread }
    guard !shared.isOver.load(ordering: .relaxed) else { return nil }
    do throws(LimitError) {
      thread = try ThreadExecutor()
    } catch {
      shared.isOver.store(true, ordering: .releasing)
      onFailure?(error.description)
    }
    return thread
  }

  private func write(_ output: RunOutput, to place: (file: Int, bytes: Int)) {
    guard let thread = writer() else { return }
    let count = output.bytes.count + Self.costOfPiece
    shared.waiting.add(count, ordering: .relaxed)
    let bound = LoopBound(self, on: loop)
    thread.perform { [shared] in
      defer { shared.waiting.subtract(count, ordering: .relaxed) }
      guard !shared.isOver.load(ordering: .acquiring) else { return }
      let failure = shared.files.withLock { files -> Int32? in
        guard files.failure == nil else { return nil }
        files.add(output, to: place.file, keeping: place.bytes)
        return files.failure
      }
      guard let failure else { return }
      shared.isOver.store(true, ordering: .releasing)
      bound.perform { $0.onFailure?(String(cString: strerror(failure))) }
    }
  }

  /// Calls back on the loop when all that has been noted is in the files, with the number of the
  /// last piece there if nothing further will be.
  ///
  /// The files note then what was left out, also of a node that has written nothing since.
  func afterAll(_ body: @escaping (_ last: UInt64?) -> Void) {
    // There is at most one for each file, so they need no room.
    for loss in leftOut.takeAll() { write(loss.output, to: (loss.file, loss.bytes)) }
    let callback = LoopBound(Callback(body), on: loop)
    let answer: @Sendable () -> Void = { [shared] in
      // Pieces after a failure or a stop have been passed over.
      let isOver = shared.isOver.load(ordering: .acquiring)
      let last = shared.files.withLock { $0.failure == nil && !isOver ? nil : $0.lastNumber }
      callback.perform { $0.body(last) }
    }
    // Without a thread nothing waits for the disk.
    if let thread { thread.perform(answer) } else { answer() }
  }

  private final class Callback {
    let body: (UInt64?) -> Void

    init(_ body: @escaping (UInt64?) -> Void) { self.body = body }
  }

  /// Writes nothing more: the directory is about to go.
  func stop() { shared.isOver.store(true, ordering: .releasing) }
}
