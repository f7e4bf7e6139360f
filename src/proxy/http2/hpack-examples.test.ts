// The examples of RFC 7541, appendix C: each series is read with one decoder, so that later blocks need what earlier ones
// have left in the table.
import assert from "node:assert/strict";
import { it } from "node:test";
import { HpackDecoder } from "./hpack-decoder.js";

const get = (path: string, scheme: string) => `:method GET|:scheme ${scheme}|:path ${path}|:authority www.example.com`;
const requests = [
  get("/", "http"),
  `${get("/", "http")}|cache-control no-cache`,
  `${get("/index.html", "https")}|custom-key custom-value`,
];
const later = (status: number, second: number) =>
  `:status ${status}|cache-control private|date Mon, 21 Oct 2013 20:13:${second} GMT|location https://www.example.com`;
const answers = [
  later(302, 21),
  later(307, 21),
  ":status 200|cache-control private|date Mon, 21 Oct 2013 20:13:22 GMT|location https://www.example.com|" +
    "content-encoding gzip|set-cookie foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

const examples: { section: string; limit: number; blocks: readonly string[]; fields: readonly string[] }[] = [
  {
    section: "C.2.1",
    limit: 4_096,
    blocks: ["400a637573746f6d2d6b65790d637573746f6d2d686561646572"],
    fields: ["custom-key custom-header"],
  },
  { section: "C.2.2", limit: 4_096, blocks: ["040c2f73616d706c652f70617468"], fields: [":path /sample/path"] },
  { section: "C.2.3", limit: 4_096, blocks: ["100870617373776f726406736563726574"], fields: ["password secret"] },
  { section: "C.2.4", limit: 4_096, blocks: ["82"], fields: [":method GET"] },
  {
    section: "C.3",
    limit: 4_096,
    blocks: [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    fields: requests,
  },
  {
    section: "C.4",
    limit: 4_096,
    blocks: [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
    fields: requests,
  },
  {
    section: "C.5",
    limit: 256,
    blocks: [
      "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
      "4803333037c1c0bf",
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ],
    fields: answers,
  },
  {
    section: "C.6",
    limit: 256,
    blocks: [
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
    fields: answers,
  },
];

it("the examples of RFC 7541 are read, with eviction and the Huffman code", () => {
  for (const { section, limit, blocks, fields } of examples) {
    const decoder = new HpackDecoder(limit);
    blocks.forEach((block, index) => {
      const read: string[] = [];
      const bytes = Buffer.from(block, "hex");
      decoder.decode(bytes, 0, bytes.length, { onField: (name, value) => void read.push(`${name} ${value}`) });
      assert.equal(read.join("|"), fields[index], `${section}, block ${index}`);
    });
  }
});
