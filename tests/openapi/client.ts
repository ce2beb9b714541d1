// Compiled, never run: what a caller in TypeScript writes against the generated types.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8025", headers: { Authorization: "Bearer nm_" } });

export async function send(): Promise<string> {
  const { data, error } = await client.POST("/api/send", {
    params: { header: { "Idempotency-Key": "k" } },
    body: { subject: "s", text: "t", recipients: ["a@example.org", { email: "b@example.org", variables: { code: "C1" } }], scheduledFor: "2026-12-01T09:00:00Z" },
  });
  if (error) throw new Error(error.field ?? error.title);
  return data.campaignId;
}

export async function follow(id: string): Promise<number> {
  const { data } = await client.GET("/api/campaigns/{id}/progress", { params: { path: { id } } });
  const progress: components["schemas"]["ProgressAnswer"] | undefined = data;
  return progress ? progress.sent + progress.failed : 0;
}

export async function schedule(): Promise<string | undefined> {
  const { data } = await client.POST("/api/emails", { body: [{ to: ["a@example.org"], subject: "s" }] });
  return data && "results" in data ? data.results[0]?.email?.id : data?.id;
}

export async function move(): Promise<string[]> {
  const { data } = await client.GET("/api/emails/export", { params: { query: { cursor: "email_01990000000070008000000000000000" } } });
  const taken = await client.POST("/api/emails/import", { body: { emails: data?.items ?? [] } });
  return taken.data?.results.map((each) => each.result) ?? [];
}

export async function pages(): Promise<string[]> {
  const { data } = await client.GET("/api/emails", { params: { query: { limit: 10, status: "pending" } } });
  return data?.items.map((email) => email.subject) ?? [];
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error A number in quotes is none.
  await client.GET("/api/emails", { params: { query: { limit: "10" } } });
  // @ts-expect-error Recipients are a list.
  await client.POST("/api/send", { body: { recipients: "ada@example.org" } });
  // @ts-expect-error There is no such route.
  await client.GET("/api/nothing");
  const { data } = await client.GET("/api/emails/{id}", { params: { path: { id: "email_1" } } });
  // @ts-expect-error What may be left out may not be counted on.
  const sent: string | undefined = data?.sentAt.toString();
  void sent;
}
