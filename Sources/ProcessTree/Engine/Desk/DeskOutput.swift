/// What nodes write, for the clients of a desk that read it: what they have written lately is kept,
/// and who follows gets the rest.
///
/// Nobody waits for a client that takes nothing: it gets the amount that it has missed. Belongs to
/// the loop.
final class DeskOutput {
  /// A request for output.
  final class Reader {
    fileprivate private(set) weak var connection: DeskConnection?
    private let number: UInt64
    private let patterns: [NodePattern]
    /// Whether each address that has come up is wanted.
    private var known: [String: Bool] = [:]
    /// How many bytes have been left out since the last piece.
    private var dropped = 0

    init(_ connection: DeskConnection, _ number: UInt64, _ patterns: [String]) {
      self.connection = connection
      self.number = number
      self.patterns = patterns.map { NodePattern($0) }
    }

    fileprivate func wants(_ address: String) -> Bool {
      if patterns.isEmpty { return true }
      if let isWanted = known[address] { return isWanted }
      if known.count >= OutputHistory.mostNodes { known = [:] }
      let isWanted = patterns.contains { $0.covers(address) }
      known[address] = isWanted
      return isWanted
    }

    fileprivate func follow(_ output: RunOutput) {
      guard let connection, wants(output.address) else { return }
      guard connection.unsentCount < DeskOutput.mostUnsent else {
        dropped += output.bytes.count
        return
      }
      tellWhatWasDropped()
      send(.output(output))
    }

    fileprivate func tellWhatWasDropped() {
      guard dropped > 0 else { return }
      let count = dropped
      dropped = 0
      send(.dropped(count))
    }

    fileprivate func send(_ content: DeskAnswer.Content) {
      connection?.send(DeskAnswer(number, content))
    }
  }

  /// How many bytes wait for a client before output is left out.
  fileprivate static let mostUnsent = 1 << 20

  private var history = OutputHistory()
  /// The number of the last piece.
  private var count: UInt64 = 0
  /// Keeps more of it in files, if that is wanted.
  private(set) var keeper: OutputKeeper?
  private var followers: [Reader] = []

  /// Keeps what a node has written, and sends it to those who follow.
  func note(_ chunk: OutputChunk, at time: Int64) {
    let most = keeper == nil ? RunOutput.mostBytes : OutputKeeper.mostBytes
    var rest = chunk.bytes[...]
    repeat {
      var part = rest.prefix(most)
      if part.count < rest.count, let end = part.lastIndex(of: UInt8(ascii: "\n")) {
        part = part[...end]
      }
      count += 1
      let output = RunOutput(chunk, part, number: count, at: time)
      rest = rest.dropFirst(part.count)
      history.note(output)
      keeper?.keep(output)
      for follower in followers { follower.follow(output) }
    } while !rest.isEmpty
  }

  /// Sends what has been written lately; the request of a client that follows ends with the run.
  func begin(_ reader: Reader, lines: Int?, follows: Bool) {
    for output in history.last(lines, where: reader.wants) { reader.send(.output(output)) }
    follows ? followers.append(reader) : reader.send(.done)
  }

  /// Sends what is kept in no file, and up to which number files have it; a client that follows
  /// gets what is written from now on, also before that.
  func beginAll(_ reader: Reader, follows: Bool) {
    let number = count
    if follows { followers.append(reader) }
    guard let keeper else { return endPast(of: reader, after: 0, upTo: number, follows: follows) }
    keeper.afterAll { [weak self] last in
      self?.endPast(of: reader, after: min(last ?? number, number), upTo: number, follows: follows)
    }
  }

  private func endPast(
    of reader: Reader, after last: UInt64, upTo number: UInt64, follows: Bool
  ) {
    for output in history.last(nil, where: reader.wants) where output.number > last {
      if output.number <= number { reader.send(.output(output)) }
    }
    reader.send(.past(last))
    if !follows { reader.send(.done) }
  }

  /// Begins to keep output in files.
  func keep(in keeper: OutputKeeper) { self.keeper = keeper }

  func tellWhatWasDropped(to connection: DeskConnection) {
    for follower in followers where follower.connection === connection {
      follower.tellWhatWasDropped()
    }
  }

  func forget(_ connection: DeskConnection) {
    followers.removeAll { $0.connection == nil || $0.connection === connection }
  }

  /// Nothing more will be written.
  func finish() {
    for follower in followers {
      follower.tellWhatWasDropped()
      follower.send(.done)
    }
    followers = []
  }
}
