// An Express application with the X-Ray SDK, for test_xray_sdk_node.py. Arguments: port.
const AWSXRay = require('aws-xray-sdk');
const express = require('express');
const http = require('http');

AWSXRay.captureHTTPsGlobal(http);
AWSXRay.setStreamingThreshold(5);
const port = Number(process.argv[2]);
const app = express();
app.use(AWSXRay.express.openSegment('shelf'));

app.get('/books', (request, response) => {
  AWSXRay.captureAsyncFunc('look up', async (part) => {
    part.addAnnotation('shelf', 'b7');
    part.addMetadata('found', { titles: ['Émile'] }, 'shelf');
    part.close();
    for (let number = 0; number < 20; number++) {
      AWSXRay.captureFunc(`step-${number}`, () => {});
    }
    http.get({ host: '127.0.0.1', port, path: '/ping' }, (inner) => {
      inner.resume();
      inner.on('end', () => response.send('ok'));
    });
  });
});
app.get('/ping', (request, response) => response.send('pong'));
app.get('/broken', () => {
  throw new RangeError('no such shelf');
});
app.use(AWSXRay.express.closeSegment());
app.use((error, request, response, next) => response.status(500).send('broken'));
app.listen(port, '127.0.0.1');
