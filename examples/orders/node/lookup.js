// Looks orders up. An order called `broken` cannot be read, and the exception says so.
const AWSXRay = require('aws-xray-sdk-core');
const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');

const table = AWSXRay.captureAWSv3Client(new DynamoDBClient({}));

class UnreadableOrder extends Error {
  constructor(id) {
    super(`order ${id} cannot be read`);
    this.name = 'UnreadableOrder';
  }
}

exports.handler = async (event) => {
  const { id } = event.pathParameters;
  const found = await table.send(new GetItemCommand({ TableName: process.env.TABLE, Key: { id: { S: id } } }));
  if (id === 'broken') {
    throw new UnreadableOrder(id);
  }
  if (!found.Item) {
    return { statusCode: 404, body: JSON.stringify({ message: `no order ${id}` }) };
  }
  const order = AWSXRay.captureFunc('unpack', (part) => {
    part.addAnnotation('customer', found.Item.customer.S);
    return { id, customer: found.Item.customer.S, total: Number(found.Item.total.N) };
  });
  return { statusCode: 200, body: JSON.stringify(order) };
};
