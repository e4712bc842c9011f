import ProcessTreeMessagePack
import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@Suite struct ChannelTicketTests {
  private static let home = PeerAddress(
    path: NodePath(positions: [1]), name: "a", pid: 2, startTime: 3, endpoint: "e")

  private static func ticket(
    _ kind: ChannelSpecification.Kind, _ overflow: ChannelSpecification.Overflow
  ) -> ChannelTicket {
    ChannelTicket(
      channel: ChannelID(home: home, number: 4),
      specification: ChannelSpecification(
        kind: kind, overflow: overflow, prefetch: 5, attempts: 6),
      side: .receiver, ticket: TicketID(node: .root, number: 7), hop: 8, key: 9)
  }

  private static let tickets = [
    ticket(.pipe, .suspend), ticket(.work, .dropOldest(1)), ticket(.broadcast, .dropNewest(2)),
    ticket(.service, .fail(.max)),
  ]

  @Test func theBytesAreThoseOfTheProtocol() {
    let channel: [UInt8] = [0x92, 0x95, 0x91, 1, 0xA1, 0x61, 2, 3, 0xA1, 0x65, 4]
    let end: [UInt8] = [1, 0x92, 0x90, 7, 8, 9]
    #expect(
      Self.tickets[0].packed() == [0x96] + channel + [0x94, 0, 0x91, 0, 5, 6] + end)
    #expect(
      Self.tickets[1].packed() == [0x96] + channel + [0x94, 1, 0x92, 1, 1, 5, 6] + end)
  }

  @Test func withinAValueATicketIsOneBinary() throws {
    for ticket in Self.tickets {
      let bytes = try MessagePackEncoder().encode([ticket])
      var reader = MessagePackReader(bytes)
      #expect(try reader.readArrayHeader() == 1)
      #expect(try reader.readBinary() == ticket.packed())
      #expect(try MessagePackDecoder().decode([ChannelTicket].self, from: bytes) == [ticket])
    }
  }

  @Test func mutatedTicketsAreReadOrRefused() throws {
    var generator = SeededGenerator.announced("mutatedTicketsAreReadOrRefused")
    var (readable, refused) = (0, 0)
    for index in rounds(20_000) {
      var bytes = Self.tickets[index % Self.tickets.count].packed()
      mutate(&bytes, &generator)
      do throws(WireError) {
        let ticket = try ChannelTicket(packed: bytes)
        #expect(try ChannelTicket(packed: ticket.packed()) == ticket)
        readable += 1
      } catch {
        refused += 1
      }
    }
    #expect(readable > 0 && refused > 0)
  }
}
