// The models of devices: fetched once for the page, chosen by their number.
import { get } from "../lib/api";
import { t } from "../lib/i18n";
import { useLoad } from "../lib/load";

export interface Model {
  id: string;
  modelNumber?: string;
}

export function useModels(): Model[] {
  const models = useLoad<Model[]>("DeviceDefinition|*|fleet", async () => {
    const all = await get<{ entry?: { resource: Model }[] }>("/fhir/DeviceDefinition?_count=100");
    return (all.entry ?? []).map((e) => e.resource);
  });
  return models.data ?? [];
}

export function ModelField({ id, models }: { id: string; models: Model[] }) {
  return (
    <div class="field">
      <label for={id}>{t("fl_model")}</label>
      <select class="box" id={id} name="model">
        {models.map((m) => (
          <option key={m.id} value={m.id}>
            {m.modelNumber ?? m.id}
          </option>
        ))}
      </select>
    </div>
  );
}
