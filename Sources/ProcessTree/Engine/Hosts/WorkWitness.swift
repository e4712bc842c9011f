internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// Reads, for senders on other hosts, on which items the receivers of this host work.
///
/// A receiver reports to the senders where it notes that; a gate through which this goes opens the
/// same memory, which it can read when the receiver is dead. Belongs to the loop.
final class WorkWitness {
  private struct Page {
    let name: SharedMemoryName
    let page: PeerWorkPage
  }

  /// The pages of a process, whose start time distinguishes it from a later one with its pid.
  private struct Life {
    let startTime: UInt64
    var pages: [Page] = []
  }

  private var lives: [Int32: Life] = [:]

  /// Looks at a frame of a node; returns what to pass on in its place, nil for the frame itself.
  ///
  /// Of a page that it cannot open senders must not hear: they would expect to hear its contents.
  func look(at frame: UnsafeRawBufferPointer, of pid: Int32) -> [UInt8]? {
    guard frame.first == FlowHeader.Kind.control.rawValue, var header = try? FlowHeader(frame),
      case .accept(let flow, let page?, let slot)? = try? LinkMessage(frame: frame),
      !open(page, of: pid),
      let blind = LinkMessage.accept(flow: flow, page: nil, slot: slot).frames().first
    else { return nil }
    header.kind = .control
    return header.frame(body: Array(blind.dropFirst(FlowHeader.size)))
  }

  private func open(_ name: SharedMemoryName, of pid: Int32) -> Bool {
    guard name.pid == pid, let process = try? ProcessHandle(pid: pid) else { return false }
    defer { process.close() }
    guard let startTime = HostProcess.startTime(of: pid) else { return false }
    if lives[pid]?.startTime != startTime { lives[pid] = Life(startTime: startTime) }
    if lives[pid]?.pages.contains(where: { $0.name == name }) == true { return true }
    let identity = SharedRegionIdentity(
      pid: name.pid, descriptor: name.descriptor, inode: name.inode, byteCount: name.size)
    guard let page = try? PeerWorkPage(identity, of: process) else { return false }
    lives[pid]?.pages.append(Page(name: name, page: page))
    return true
  }

  /// The items on which a process works, or worked when it ended.
  func work(of pid: Int32) -> [PeerVerdict.NotedWork] {
    (lives[pid]?.pages ?? []).flatMap { page in
      (0..<WorkPage.slotCount).compactMap { slot in
        page.page.read(slot).map {
          PeerVerdict.NotedWork(
            flow: $0.channel, sequence: $0.sequence, elementOffset: $0.elementOffset)
        }
      }
    }
  }

  /// The start time of the process whose notes it can read; `nil` if there is none with this pid.
  func life(of pid: Int32) -> UInt64? { lives[pid]?.startTime }

  /// Forgets a process that has ended, and not a later one with its pid.
  func forget(_ pid: Int32, ofLife startTime: UInt64) {
    if lives[pid]?.startTime == startTime { lives[pid] = nil }
  }

  /// Forgets a process that nobody asks about.
  func forget(_ pid: Int32) { lives[pid] = nil }
}
