# The page in a container: docker build -t musicgen-studio . && docker run -p 7860:7860 -v takes:/data musicgen-studio
FROM python:3.12-slim

RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg fonts-nanum && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 studio && mkdir -p /data /home/studio/app && chown studio /data /home/studio/app
WORKDIR /home/studio/app

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

COPY --chown=studio . .
USER studio
# Downloaded models lie beside the takes, so that they, too, outlive the container.
ENV MUSICGEN_HOST=0.0.0.0 MUSICGEN_PORT=7860 MUSICGEN_DATA_DIR=/data HF_HOME=/data/huggingface
VOLUME /data
EXPOSE 7860
HEALTHCHECK CMD python -c "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['MUSICGEN_PORT'] + '/health', timeout=5)"
CMD ["python", "app.py"]
