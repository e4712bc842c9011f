package import ProcessTreeWire

/// The channels of one pair of nodes, multiplexed over one data socket.
///
/// Belongs to the loop. Frames leave at the end of the turn in which they were made, through
/// `transmit`; until the link is connected they wait in their channels, bounded by initial credit.
package final class DataLink {
  private let loop: EventLoop
  private let transmit: ([UInt8]) -> Void
  @exclusivity(unchecked) private var channels: [UInt16: ItemChannel] = [:]
  @exclusivity(unchecked) private var dirty: [ItemChannel] = []
  @exclusivity(unchecked) private var isConnected = false
  @exclusivity(unchecked) private var closed: LinkError?
  /// Frames handed to the socket, and frames that came, since the start: the goodbye compares them.
  @exclusivity(unchecked) package private(set) var framesSent: UInt64 = 0
  @exclusivity(unchecked) package private(set) var framesReceived: UInt64 = 0
  /// Called when something is to be sent and the link is not connected.
  @exclusivity(unchecked) package var onConnectionNeeded: (() -> Void)?

  /// Called when a flush may do something, once until it was done.
  @exclusivity(unchecked) package var onFlushNeeded: (() -> Void)?

  package init(on loop: EventLoop, transmit: @escaping ([UInt8]) -> Void) {
    self.loop = loop
    self.transmit = transmit
  }

  /// The channel with this number, made at its first use by either side.
  package func channel(_ id: UInt16) -> ItemChannel {
    if let channel = channels[id] { return channel }
    let channel = ItemChannel(id: id, link: self, loop: loop)
    if let closed {
      channel.close(closed)
    } else {
      channels[id] = channel
    }
    return channel
  }

  /// The data socket is up.
  package func connected() {
    isConnected = true
    dirty = Array(channels.values)
    onFlushNeeded?()
  }

  /// The peer has gone.
  package func close(_ error: LinkError) {
    guard closed == nil else { return }
    closed = error
    let all = channels.values
    channels = [:]
    dirty = []
    for channel in all { channel.close(error) }
  }

  /// Whether all that was sent has been handed to the socket.
  package var isDrained: Bool {
    channels.values.allSatisfy(\.isDrained)
  }

  /// Whether a flush would do something now.
  package var needsFlush: Bool { !dirty.isEmpty && isConnected && closed == nil }

  func needsFlush(_ channel: ItemChannel) {
    guard closed == nil, !dirty.contains(where: { $0 === channel }) else { return }
    dirty.append(channel)
    if dirty.count == 1 { onFlushNeeded?() }
  }

  /// Sends full frames within a turn, so that frames keep their size however much a turn sends.
  func flush(_ channel: ItemChannel) {
    guard isConnected, closed == nil else { return }
    while let frame = channel.nextFrame(flush: false) { send(frame) }
  }

  /// Sends what is ready; called at the end of each turn.
  package func flush() {
    guard !dirty.isEmpty, closed == nil else { return }
    guard isConnected else { return onConnectionNeeded?() ?? () }
    // Sending may wake senders, which may make channels dirty again.
    while let channel = dirty.popLast() {
      while let frame = channel.nextFrame(flush: true) { send(frame) }
    }
  }

  private func send(_ frame: [UInt8]) {
    framesSent += 1
    transmit(frame)
  }

  /// Takes a frame from the peer.
  ///
  /// Throws when it breaks the protocol.
  package func receive(_ frame: UnsafeRawBufferPointer) throws(WireError) {
    framesReceived += 1
    let header = try DataFrameHeader(frame)
    guard channels[header.channel] != nil || header.channel < Self.maximumChannels else {
      throw WireError("no channel has the number \(header.channel)")
    }
    try channel(header.channel).receive(frame, header: header)
  }

  /// The channels that an edge has at most; a peer cannot make more.
  private static let maximumChannels: UInt16 = 1_024
}
