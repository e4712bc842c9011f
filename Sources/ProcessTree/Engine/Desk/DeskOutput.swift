/// What nodes write, for the clients of a desk that read it: what they have written lately is kept, and
/// who follows gets the rest.
///
/// A client that takes nothing is not waited for: it is told how much it has missed. Belongs to the loop.
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
  private var followers: [Reader] = []

  /// Keeps what a node has written, and sends it to those who follow.
  func note(_ chunk: OutputChunk, at time: Int64) {
    var rest = chunk.bytes[...]
    repeat {
      let output = RunOutput(chunk, rest.prefix(RunOutput.mostBytes), at: time)
      rest = rest.dropFirst(RunOutput.mostBytes)
      history.note(output)
      for follower in followers { follower.follow(output) }
    } while !rest.isEmpty
  }

  /// Sends what has been written lately; the request of a client that follows ends with the run.
  func begin(_ reader: Reader, lines: Int?, follows: Bool) {
    for output in history.last(lines, where: reader.wants) { reader.send(.output(output)) }
    follows ? followers.append(reader) : reader.send(.done)
  }

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
