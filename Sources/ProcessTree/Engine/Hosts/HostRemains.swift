internal import ProcessTreeMessagePack
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

/// All facts about the end of a placed child's process, from the host that it ran on.
struct HostRemains: Equatable, Sendable, WireRecord {
  var status: ExitStatus?
  var usage: ResourceUsage?
  /// The mark that the child left in the descriptor that it inherited.
  var lastWord: LastWord?
  var lastErrorLines: [String] = []
  var crashAccount: [String] = []
  /// The items of channels on which it worked.
  var work: [PeerVerdict.NotedWork] = []

  init(
    status: ExitStatus?, usage: ResourceUsage?, lastWord: LastWord?, lastErrorLines: [String],
    crashAccount: [String], work: [PeerVerdict.NotedWork] = []
  ) {
    self.work = work
    self.status = status
    self.usage = usage
    self.lastWord = lastWord
    self.lastErrorLines = lastErrorLines
    self.crashAccount = crashAccount
  }

  init(fields: inout WireFields) throws {
    status = try fields.next()
    usage = try fields.next()
    let hasBegun: Bool = try fields.next()
    let failure: String? = try fields.next()
    lastWord = failure.map { .failed($0) } ?? (hasBegun ? .begun : nil)
    lastErrorLines = (try fields.next() as [String]).suffix(ErrorTail.lastLines)
    crashAccount = Array((try fields.next() as [String]).prefix(ErrorTail.accountLines))
    work = Array((try fields.next() as [PeerVerdict.NotedWork]).prefix(PeerVerdict.mostNotes))
  }

  func pack(into writer: inout MessagePackWriter) {
    var failure: String?
    if case .failed(let reason) = lastWord { failure = reason }
    WireFields.pack(
      into: &writer, status, usage, lastWord == .begun, failure, lastErrorLines, crashAccount,
      Array(work.prefix(PeerVerdict.mostNotes)))
  }

  var reaped: Reaped? {
    guard let status, let usage else { return nil }
    return Reaped(status: status, usage: usage)
  }
}
