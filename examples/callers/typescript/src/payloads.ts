// The worker answers ExecuteWorkflow with `json/protobuf`, and an agent execution comes as such. The SDK's own converter for it wants the messages'
// generated code; read as plain JSON they need none. Named by `payloadConverterPath` wherever such a payload is read.

import {
  BinaryPayloadConverter,
  CompositePayloadConverter,
  JsonPayloadConverter,
  Payload,
  PayloadConverterWithEncoding,
  UndefinedPayloadConverter,
} from '@temporalio/common';
import { decode } from '@temporalio/common/lib/encoding';

class ProtobufAsJson implements PayloadConverterWithEncoding {
  readonly encodingType = 'json/protobuf';

  toPayload(): undefined {
    return undefined; // what we send is `json/plain`, which the worker reads as well
  }

  fromPayload<T>(payload: Payload): T {
    return JSON.parse(decode(payload.data ?? new Uint8Array()));
  }
}

export const payloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  new BinaryPayloadConverter(),
  new ProtobufAsJson(),
  new JsonPayloadConverter(),
);
